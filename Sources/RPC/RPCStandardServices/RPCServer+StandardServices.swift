public import Logging
public import RPC
internal import ServiceStubs

extension RPCServer {
  /// A server that offers `Health` and `Reflection` beside its own services.
  ///
  /// Every service program makes its server this way, so that health checks and
  /// `morlaif call` work against all of them.
  ///
  /// - Parameters:
  ///   - configuration: where to listen, identity, limits.
  ///   - services: what this program offers.
  ///   - logger: gets refusals as warnings, other connection events at debug level.
  /// - Returns: a server that `run` starts; its `health` says what `Health` answers.
  public static func withStandardServices(
    configuration: RPCServerConfiguration,
    services: [any RPCService],
    logger: Logger
  ) -> RPCServer {
    let registry = HealthRegistry()
    let health = HealthService(HealthProvider(registry: registry))
    return RPCServer(
      configuration: configuration,
      services: services + [reflection(of: services + [health])],
      standing: [health],
      logger: logger,
      health: registry
    )
  }

  /// A server that answers `Health` at once and gets its services by `finishLoading`.
  ///
  /// Until then the expected services are STARTING and calls to them end with UNAVAILABLE.
  ///
  /// - Parameters:
  ///   - configuration: where to listen, identity, limits.
  ///   - expected: full names of the services to come.
  ///   - standing: what is offered meanwhile besides `Health`.
  ///   - logger: gets refusals as warnings, other connection events at debug level.
  /// - Returns: a server that `run` starts.
  public static func loading(
    configuration: RPCServerConfiguration,
    expected: [String],
    standing: [any RPCService],
    logger: Logger
  ) -> RPCServer {
    let registry = HealthRegistry()
    registry.expect(expected, detail: "loading")
    return RPCServer(
      configuration: configuration,
      services: [],
      standing: [HealthService(HealthProvider(registry: registry))] + standing,
      isLoading: true,
      logger: logger,
      health: registry
    )
  }

  /// Gives a server made by `loading` its services, and `Reflection` over all.
  ///
  /// - Parameters:
  ///   - services: the expected ones.
  ///   - standing: those that `loading` was given.
  /// - Throws: `RPCError` when the access rules name a method that a service does not have.
  public func finishLoading(
    _ services: [any RPCService],
    standing: [any RPCService]
  ) throws(RPCError) {
    let health = HealthService(HealthProvider(registry: self.health))
    try install(services + [RPCServer.reflection(of: services + standing + [health])])
  }

  private static func reflection(of services: [any RPCService]) -> any RPCService {
    // Reflection describes itself too; its handler is not asked for that.
    let itself = ReflectionService(ReflectionProvider([]))
    return ReflectionService(ReflectionProvider(services + [itself]))
  }
}
