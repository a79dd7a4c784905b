package import Logging
package import RPC
internal import Synchronization

/// Makes the clients with which this service calls others, all with the service's own certificate.
package final class PeerConnections: Sendable {
  private let peers: [String: PeerSection]
  private let tls: TLSSection?
  private let file: String
  private let logger: Logger
  private let clients = Mutex<[RPCClient]>([])

  /// Takes the peers of a configuration; `file` is what errors call it.
  package init(peers: [String: PeerSection], tls: TLSSection?, file: String, logger: Logger) {
    self.peers = peers
    self.tls = tls
    self.file = file
    self.logger = logger
  }

  /// Where the configuration says a peer is.
  package func section(of role: String) throws(ServiceKitError) -> PeerSection {
    guard let section = peers[role] else {
      throw .configuration(
        file: file,
        keyPath: "peers.\(role)",
        reason: "is missing; give its host and port, or its endpoints"
      )
    }
    return section
  }

  /// Refuses peers that the service does not know.
  package func check(known roles: [String]) throws(ServiceKitError) {
    for role in peers.keys.sorted() where !roles.contains(role) {
      throw .configuration(
        file: file,
        keyPath: "peers.\(role)",
        reason: "is not a peer of this service; known here: \(roles.joined(separator: ", "))"
      )
    }
  }

  /// A client of a peer's instances; it connects when it is first used and lives until `close`.
  ///
  /// `service` is what errors and logs call the peer.
  package func client(to section: PeerSection, service: String) -> RPCClient {
    var configuration = RPCClientConfiguration()
    configuration.compression = section.compression
    // A trace that comes with a call goes on with the calls it causes.
    configuration.interceptors = [RPCTracingInterceptor()]
    let client = RPCClient(
      targets: section.endpoints.map { endpoint in
        RPCTarget(
          host: endpoint.host,
          port: endpoint.port,
          usesAllAddresses: section.usesAllAddresses,
          service: service
        )
      },
      tls: tls.map { tls in
        TLSConfiguration(
          certificatePath: tls.certificate,
          keyPath: tls.key,
          caPath: tls.authority,
          serverName: section.serverName
        )
      },
      configuration: configuration,
      logger: logger
    )
    clients.withLock { $0.append(client) }
    return client
  }

  /// Closes every client.
  package func close() async {
    let clients = self.clients.withLock { clients in
      defer { clients = [] }
      return clients
    }
    for client in clients { await client.close() }
  }
}
