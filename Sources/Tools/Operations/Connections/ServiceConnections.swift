package import Logging
package import Messages
package import RPC
package import ServiceStubs

/// Clients of the four services, all with one identity.
package struct ServiceConnections: Sendable {
  /// The client of the labeler.
  package let labeler: LabelerClient
  /// The client of the preference-model.
  package let preferenceModel: PreferenceModelClient
  /// The client of the scalarizer.
  package let scalarizer: ScalarizerClient
  /// The client of the policy-trainer.
  package let policyTrainer: PolicyTrainerClient
  private let clients: [ServiceName: RPCClient]
  private let endpoints: [ServiceName: ServiceEndpoint]

  /// Prepares clients; each connects when it is first used.
  ///
  /// - Parameters:
  ///   - endpoints: where the services are; a missing one has its default place on this machine.
  ///   - certificates: folder with ca.pem, client.pem and client.key.
  ///   - logger: where connections say what they do.
  package init(
    endpoints: [ServiceName: ServiceEndpoint],
    certificates: String,
    logger: Logger
  ) {
    func client(_ name: ServiceName) -> RPCClient {
      let endpoint =
        endpoints[name] ?? ServiceEndpoint(host: "127.0.0.1", port: name.defaultPort)
      return Self.client(
        of: endpoint,
        service: name.rawValue,
        certificates: certificates,
        logger: logger
      )
    }
    let labeler = client(.labeler)
    let preferenceModel = client(.preferenceModel)
    let scalarizer = client(.scalarizer)
    let policyTrainer = client(.policyTrainer)
    self.labeler = LabelerClient(labeler)
    self.preferenceModel = PreferenceModelClient(preferenceModel)
    self.scalarizer = ScalarizerClient(scalarizer)
    self.policyTrainer = PolicyTrainerClient(policyTrainer)
    clients = [
      .labeler: labeler, .preferenceModel: preferenceModel, .scalarizer: scalarizer,
      .policyTrainer: policyTrainer,
    ]
    self.endpoints = endpoints
  }

  /// A client of one endpoint.
  package static func client(
    of endpoint: ServiceEndpoint,
    service: String? = nil,
    certificates: String,
    serverName: String? = nil,
    interceptors: [any RPCClientInterceptor] = [],
    logger: Logger
  ) -> RPCClient {
    var configuration = RPCClientConfiguration()
    configuration.interceptors = interceptors
    return RPCClient(
      target: RPCTarget(host: endpoint.host, port: endpoint.port, service: service),
      tls: TLSConfiguration(
        certificatePath: certificates + "/client.pem",
        keyPath: certificates + "/client.key",
        caPath: certificates + "/ca.pem",
        serverName: serverName
      ),
      configuration: configuration,
      logger: logger
    )
  }

  /// Where a service is, for messages.
  package func endpoint(of name: ServiceName) -> ServiceEndpoint {
    endpoints[name] ?? ServiceEndpoint(host: "127.0.0.1", port: name.defaultPort)
  }

  /// Whether a service is ready.
  package func health(
    of name: ServiceName,
    timeout: Duration
  ) async throws(RPCError) -> HealthReply {
    guard let client = clients[name] else { return HealthReply() }
    return try await HealthClient(client).check(
      HealthRequest(),
      options: RPCCallOptions(timeout: timeout)
    )
  }

  /// What a service counts about itself, by name.
  package func metrics(
    of name: ServiceName,
    timeout: Duration
  ) async throws(RPCError) -> [String: Double] {
    guard let client = clients[name] else { return [:] }
    let reply = try await MetricsClient(client).snapshot(
      MetricsSnapshotRequest(),
      options: RPCCallOptions(timeout: timeout)
    )
    return Dictionary(reply.samples.map { ($0.name, $0.value) }) { $1 }
  }

  /// Closes every connection.
  package func close() async {
    for client in clients.values { await client.close() }
  }
}
