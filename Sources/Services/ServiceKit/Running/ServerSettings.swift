package import RPC

/// Translates the common sections into the settings of a server.
package enum ServerSettings {
  /// Settings for an address and certificates.
  package static func make(listen: ListenSection, tls: TLSSection?) -> RPCServerConfiguration {
    RPCServerConfiguration(
      host: listen.host,
      port: listen.port,
      tls: tls.map { tls in
        TLSConfiguration(
          certificatePath: tls.certificate,
          keyPath: tls.key,
          caPath: tls.authority
        )
      }
    )
  }
}
