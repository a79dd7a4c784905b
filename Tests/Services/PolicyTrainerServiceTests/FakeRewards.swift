import Messages
import RPC
import ServiceStubs
import Synchronization

/// A preference-model service that scores by length, or answers as a test wants.
final class FakePreferenceModel: PreferenceModelHandler {
  private let change: @Sendable (inout ScoreReply) -> Void

  /// Changes each sound reply before it is sent.
  init(change: @escaping @Sendable (inout ScoreReply) -> Void = { _ in }) {
    self.change = change
  }

  func score(_ request: ScoreRequest, context: RPCServerContext) async throws -> ScoreReply {
    var reply = ScoreReply(
      scores: ScoreMatrix(
        principleIDs: request.principleIDs,
        itemIDs: request.items.map(\.id),
        values: request.items.flatMap { item in
          request.principleIDs.indices.map { Float(item.response.utf8.count % (7 + $0)) }
        }
      ),
      sources: request.principleIDs.map {
        ScoreSource(
          principleID: $0,
          modelID: "fake",
          adapterID: "fake",
          weightHash: String(repeating: "a", count: 64),
          mean: 3,
          standardDeviation: 2
        )
      }
    )
    change(&reply)
    return reply
  }

  func train(
    _ request: TrainPreferencesRequest,
    replies: RPCWriter<TrainPreferencesReply>,
    context: RPCServerContext
  ) async throws { throw unused }

  func evaluate(
    _ request: EvaluatePreferencesRequest,
    context: RPCServerContext
  ) async throws -> EvaluatePreferencesReply { throw unused }

  func fetchModel(
    _ request: FetchModelRequest,
    replies: RPCWriter<FileChunk>,
    context: RPCServerContext
  ) async throws { throw unused }

  func listModels(
    _ request: ListModelsRequest,
    context: RPCServerContext
  ) async throws -> ListModelsReply { throw unused }
}

/// A scalarizer that averages, or answers as a test wants.
final class FakeScalarizer: ScalarizerHandler {
  /// What a call is answered with; the count of the call comes first.
  typealias Change = @Sendable (_ call: Int, _ reply: inout ScalarizeReply) throws -> Void

  private let calls = Mutex(0)
  private let describes: Bool
  private let saw: @Sendable (ScalarizeRequest) -> Void
  private let change: Change

  /// One that offers `Scalarize` alone when it does not describe itself.
  init(
    describes: Bool = true,
    change: @escaping Change = { _, _ in },
    saw: @escaping @Sendable (ScalarizeRequest) -> Void = { _ in }
  ) {
    self.describes = describes
    self.saw = saw
    self.change = change
  }

  func scalarize(
    _ request: ScalarizeRequest,
    context: RPCServerContext
  ) async throws -> ScalarizeReply {
    let call = calls.withLock { count in
      count += 1
      return count
    }
    saw(request)
    let scores = request.scores ?? ScoreMatrix()
    let width = scores.principleIDs.count
    let parts = scores.values.map { Double($0) / Double(width) }
    var reply = ScalarizeReply(
      rewards: scores.itemIDs.indices.map { row in
        parts[row * width..<(row + 1) * width].reduce(0, +)
      },
      contributions: parts,
      configurationVersion: max(1, request.configurationVersion),
      configurationHash: String(repeating: "f", count: 64)
    )
    try change(call, &reply)
    return reply
  }

  func describe(
    _ request: DescribeConfigurationRequest,
    context: RPCServerContext
  ) async throws -> DescribeConfigurationReply {
    guard describes else { throw unused }
    return DescribeConfigurationReply(
      configuration: ScalarizationConfiguration(
        method: .linear,
        weights: [PrincipleWeight(principleID: "a", weight: 1)]
      ),
      configurationVersion: 1,
      configurationHash: String(repeating: "f", count: 64)
    )
  }

  func configure(
    _ request: ConfigureRequest,
    context: RPCServerContext
  ) async throws -> ConfigureReply { throw unused }

  func fitWeights(
    _ request: FitWeightsRequest,
    context: RPCServerContext
  ) async throws -> FitWeightsReply { throw unused }
}

private let unused = RPCError(code: .unimplemented, message: "not part of this test")
