package import Labeling
package import RPC

extension LabelingError: RPCErrorConvertible {
  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .unknownPrinciple: .notFound
      case .invalidPair: .invalidArgument
      case .principleFile, .judgeConfiguration, .noVerdict, .discarded: .failedPrecondition
      case .budgetExhausted: .resourceExhausted
      case .judgeUnavailable: .unavailable
      case .store: .internal
      case .cancelled: .cancelled
      }
    return RPCError(code: code, message: description)
  }
}
