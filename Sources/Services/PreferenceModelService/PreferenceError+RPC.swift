package import Preferences
package import RPC

extension PreferenceError: RPCErrorConvertible {
  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .unknownPrinciple: .notFound
      case .invalidTarget, .invalidMargin, .invalidConfiguration, .textTooLong: .invalidArgument
      case .noPairs, .emptySplit, .degenerateScores, .nonFiniteTraining: .failedPrecondition
      case .incompatibleArtifact, .damagedArtifact: .dataLoss
      }
    return RPCError(code: code, message: description)
  }
}
