internal import Messages
internal import RPC
internal import ServiceKit
internal import ServiceStubs

/// One scalarizer endpoint with its clients.
struct ScalarizerLink: Sendable {
  /// Where it is.
  let section: PeerSection
  private let scalarizer: ScalarizerClient
  private let health: HealthClient
  private let reflection: ReflectionClient

  /// Makes the clients; nothing connects yet.
  init(_ section: PeerSection, peers: PeerConnections) {
    let client = peers.client(to: section, service: "scalarizer")
    self.section = section
    scalarizer = ScalarizerClient(client)
    health = HealthClient(client)
    reflection = ReflectionClient(client)
  }

  /// `scalarizer HOST:PORT`, as errors call it.
  var name: String { "scalarizer \(section.endpoint)" }

  /// Rewards of some rows, checked.
  func rewards(
    _ scores: ScoreMatrix,
    sources: [ScoreSource],
    version: UInt64,
    timeout: Duration
  ) async throws -> CheckedRewards {
    let reply = try await scalarizer.scalarize(
      ScalarizeRequest(scores: scores, sources: sources, configurationVersion: version),
      options: RPCCallOptions(timeout: timeout)
    )
    return try CheckedRewards(
      reply,
      itemIDs: scores.itemIDs,
      principleIDs: scores.principleIDs,
      version: version,
      service: name
    )
  }

  /// Checks health, contract and a probe batch before the endpoint is put in charge.
  ///
  /// `sources` are those of the run's scores; when there are none yet, the principles of the
  /// scalarizer's own configuration are probed, or one principle "probe" where it has none to show.
  func check(sources: [ScoreSource]) async throws -> CheckedRewards {
    do {
      let options = RPCCallOptions(timeout: .seconds(10))
      let state = try await health.check(
        HealthRequest(service: ScalarizerMethods.scalarize.service),
        options: options
      )
      guard state.status == .serving else {
        throw refusal("its health is \(state.status) \(state.detail)")
      }
      try await checkContract(options)
      let probed = sources.isEmpty ? try await ownPrinciples(options) : sources
      return try await probe(probed)
    } catch let error as PolicyTrainerServiceError {
      if case .swapRefused = error { throw error }
      throw refusal(error.description)
    } catch let error as RPCError {
      throw refusal("\(error.code): \(error.message)")
    }
  }

  private func checkContract(_ options: RPCCallOptions) async throws {
    let method = ScalarizerMethods.scalarize
    let reply = try await reflection.describe(
      DescribeRequest(service: method.service),
      options: options
    )
    let offered = reply.services.first { $0.name == method.service }?.methods
      .first { $0.name == method.name }
    guard
      let offered, offered.kind == .unary,
      offered.requestType == ScalarizeRequest.protobufName,
      offered.replyType == ScalarizeReply.protobufName
    else {
      throw refusal("it does not offer \(method.fullName) as the contract has it")
    }
  }

  private func ownPrinciples(_ options: RPCCallOptions) async throws -> [ScoreSource] {
    let reply: DescribeConfigurationReply
    do throws(RPCError) {
      reply = try await scalarizer.describe(DescribeConfigurationRequest(), options: options)
    } catch {
      // A program that offers Scalarize alone is a scalarizer too; it takes what principles come.
      guard error.code == .unimplemented else { throw error }
      return [ScoreSource(principleID: "probe", mean: 0, standardDeviation: 1)]
    }
    let ids = reply.configuration?.weights.map(\.principleID) ?? []
    guard !ids.isEmpty else { throw refusal("no principle is configured there") }
    return ids.map { ScoreSource(principleID: $0, mean: 0, standardDeviation: 1) }
  }

  /// Two rows: every principle at its mean, and one standard deviation above.
  private func probe(_ sources: [ScoreSource]) async throws -> CheckedRewards {
    let rows = [0.0, 1.0].flatMap { deviations in
      sources.map { Float($0.mean + deviations * $0.standardDeviation) }
    }
    let scores = ScoreMatrix(
      principleIDs: sources.map(\.principleID),
      itemIDs: ["probe-mean", "probe-above"],
      values: rows
    )
    return try await rewards(scores, sources: sources, version: 0, timeout: .seconds(10))
  }

  private func refusal(_ reason: String) -> PolicyTrainerServiceError {
    .swapRefused(endpoint: section.endpoint, reason: reason)
  }
}
