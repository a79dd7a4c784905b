internal import Logging
internal import NIOCore
internal import RPCWire

/// Builds the handlers of each accepted connection.
struct ConnectionAcceptor: Sendable {
  let limits: RPCLimits
  let context: TLSContext?
  let router: RPCRouter
  let loops: [ObjectIdentifier: RPCLoop]
  let connections: ConnectionRegistry
  let logger: Logger

  /// Sets up one connection, on its event loop.
  func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else {
      return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
    }
    let connection = ServerConnection(
      loop: loop,
      router: router,
      limits: limits.decoding,
      logger: logger,
      onClose: { [connections] in connections.remove($0) }
    )
    guard connections.add(connection, countMax: limits.connectionsMax) else {
      logger.warning(
        "connection refused: too many",
        metadata: ["rpc.connections.max": "\(limits.connectionsMax)"]
      )
      return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
    }
    let wire = WireChannel(
      loop: loop,
      machine: ConnectionMachine(
        role: .server,
        settings: limits.wireSettings,
        agent: "morlaif"
      ),
      driver: connection,
      address: channel.remoteAddress.map { "\($0)" } ?? "unknown",
      timing: limits.timing,
      logger: logger
    )
    connection.attach(wire)
    do {
      if let context {
        try channel.pipeline.syncOperations.addHandler(TLSHandler(context, serverName: nil))
      }
      try channel.pipeline.syncOperations.addHandler(wire)
      if context == nil { wire.start() }
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      connections.remove(connection)
      return channel.eventLoop.makeFailedFuture(error)
    }
  }
}
