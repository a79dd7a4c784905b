package import RPC

/// Translates the common sections into the settings of a server.
package enum ServerSettings {
  /// Settings for an address, certificates, limits, rules and compression.
  package static func make(
    _ common: CommonConfiguration,
    access: RPCAccessRules?
  ) -> RPCServerConfiguration {
    var configuration = RPCServerConfiguration(
      host: common.listen.host,
      port: common.listen.port,
      tls: common.tls.map { tls in
        TLSConfiguration(
          certificatePath: tls.certificate,
          keyPath: tls.key,
          caPath: tls.authority
        )
      },
      limits: common.limits,
      access: access
    )
    configuration.compression = common.compression
    configuration.interceptors = [RPCTracingInterceptor()]
    return configuration
  }
}
