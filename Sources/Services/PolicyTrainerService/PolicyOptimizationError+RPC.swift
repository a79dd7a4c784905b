package import PolicyOptimization
package import RPC

extension PolicyOptimizationError: RPCErrorConvertible {
  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .invalidConfiguration, .noPrompts, .promptTooLong: .invalidArgument
      case .incompatibleCheckpoint, .missingCheckpointEntry: .failedPrecondition
      case .cancelled: .cancelled
      default: .internal
      }
    return RPCError(code: code, message: description)
  }
}
