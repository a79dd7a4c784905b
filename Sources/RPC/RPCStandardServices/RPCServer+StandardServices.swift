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
  ///   - logger: gets connection events at debug level.
  /// - Returns: a server that `run` starts; its `health` says what `Health` answers.
  public static func withStandardServices(
    configuration: RPCServerConfiguration,
    services: [any RPCService],
    logger: Logger
  ) -> RPCServer {
    let registry = HealthRegistry()
    let health = HealthService(HealthProvider(registry: registry))
    // Reflection describes itself too; its handler is not asked for that.
    let reflectionItself = ReflectionService(ReflectionProvider([]))
    let all: [any RPCService] = services + [health, reflectionItself]
    let reflection = ReflectionService(ReflectionProvider(all))
    return RPCServer(
      configuration: configuration,
      services: services + [health, reflection],
      logger: logger,
      health: registry
    )
  }
}
