internal import Logging
internal import NIOCore
internal import RPCWire

/// Builds the handlers of each accepted connection.
struct ConnectionAcceptor: Sendable {
  let limits: RPCLimits
  let identity: TLSIdentity?
  let policy: ServerPolicy
  let rate: AdmissionRate
  let metrics: RPCServerMetrics
  let refusals: RefusalLog
  let interceptors: [any RPCServerInterceptor]
  let compression: Bool
  let loops: [ObjectIdentifier: RPCLoop]
  let connections: ConnectionRegistry
  let freedMemory: FreedMemory
  let logger: Logger

  /// Sets up one connection, on its event loop.
  func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else {
      return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
    }
    guard rate.take(now: .now()) else { return refuse(channel, .rate) }
    let connection = ServerConnection(
      loop: loop,
      policy: policy,
      limits: limits,
      metrics: metrics,
      refusals: refusals,
      interceptors: interceptors,
      freedMemory: freedMemory,
      logger: logger,
      onClose: { [connections, freedMemory, metrics] in
        connections.remove($0)
        metrics.count { $0.connectionsOpen -= 1 }
        freedMemory.connectionClosed(on: $0.loop.eventLoop)
      }
    )
    let address = channel.remoteAddress?.ipAddress ?? "unknown"
    if let reason = connections.add(connection, address: address, limits: limits) {
      return refuse(channel, reason)
    }
    metrics.count {
      $0.connectionsAccepted += 1
      $0.connectionsOpen += 1
    }
    let wire = WireChannel(
      loop: loop,
      machine: ConnectionMachine(
        role: .server,
        settings: limits.wireSettings,
        agent: "morlaif",
        features: compression ? [WireLimits.compressionFeature] : []
      ),
      driver: connection,
      address: channel.remoteAddress?.peerText ?? "unknown",
      timing: limits.timing,
      logger: logger
    )
    connection.attach(wire)
    do {
      try channel.pipeline.syncOperations.addHandler(
        ConnectionGuard(metrics: metrics, firstByteTimeout: TimeAmount(limits.firstByteTimeout))
      )
      if let identity {
        try channel.pipeline.syncOperations.addHandler(
          TLSHandler(identity.current, serverName: nil)
        )
      }
      try channel.pipeline.syncOperations.addHandler(wire)
      if identity == nil { wire.start() }
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      connections.remove(connection)
      metrics.count { $0.connectionsOpen -= 1 }
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private func refuse(
    _ channel: any Channel,
    _ reason: RPCServerMetrics.ConnectionRefusal
  ) -> EventLoopFuture<Void> {
    metrics.count { $0.connectionsRefused[reason, default: 0] += 1 }
    let limit =
      switch reason {
      case .connections: "\(limits.connectionsMax) connections"
      case .address: "\(limits.connectionsPerAddressMax) connections from one address"
      case .rate: "\(limits.handshakesPerSecondMax) handshakes a second"
      case .stopping: "the server is stopping"
      }
    refusals.log(
      "connection refused",
      [
        "rpc.peer": "\(channel.remoteAddress?.peerText ?? "unknown")",
        "rpc.reason": "\(reason.rawValue)", "rpc.limit": "\(limit)",
      ]
    )
    return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
  }
}
