package import RPC

extension ServiceKitError: RPCErrorConvertible {
  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .queueFull, .diskFull: .resourceExhausted
      case .stopping, .unavailable: .unavailable
      case .jobRunning: .failedPrecondition
      case .configuration, .usage, .dataFolderInUse, .storage, .damaged: .internal
      }
    return RPCError(code: code, message: description)
  }
}
