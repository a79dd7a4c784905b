internal import Messages
internal import RPC
internal import ServiceStubs

/// A preference-model service without a model: its answers cost nothing, so that only the RPC is measured.
struct InstantScorer: PreferenceModelHandler {
  /// Scores in one answer.
  static let scoreCount = 12

  func score(_ request: ScoreRequest, context: RPCServerContext) async throws -> ScoreReply {
    let length = request.items.reduce(0) { $0 + $1.response.utf8.count }
    let values = (0..<InstantScorer.scoreCount).map { Float(length % ($0 + 7)) }
    return ScoreReply(scores: ScoreMatrix(values: values))
  }

  func train(
    _ request: TrainPreferencesRequest,
    replies: RPCWriter<TrainPreferencesReply>,
    context: RPCServerContext
  ) async throws {
    throw InstantScorer.notOffered
  }

  func evaluate(
    _ request: EvaluatePreferencesRequest,
    context: RPCServerContext
  ) async throws -> EvaluatePreferencesReply {
    throw InstantScorer.notOffered
  }

  func fetchModel(
    _ request: FetchModelRequest,
    replies: RPCWriter<FileChunk>,
    context: RPCServerContext
  ) async throws {
    throw InstantScorer.notOffered
  }

  func listModels(
    _ request: ListModelsRequest,
    context: RPCServerContext
  ) async throws -> ListModelsReply {
    throw InstantScorer.notOffered
  }

  private static let notOffered = RPCError(
    code: .unimplemented,
    message: "the benchmark only scores"
  )
}

/// Methods of shapes that the contract has no instant example of.
struct BulkService: RPCService {
  /// One request for many matrices of scores; the number of items is how many.
  static let streamScores = RPCMethod(
    service: "morlaif.benchmarks.Bulk",
    name: "StreamScores",
    kind: .serverStreaming
  )
  /// One large matrix in, a small one out.
  static let takeScores = RPCMethod(
    service: "morlaif.benchmarks.Bulk",
    name: "TakeScores",
    kind: .unary
  )

  var serviceName: String { "morlaif.benchmarks.Bulk" }

  /// Nobody asks this server for reflection.
  var descriptorSet: [UInt8] { [] }

  func register(in router: inout RPCRouter) {
    router.serverStreaming(BulkService.streamScores) {
      (request: EvaluatePreferencesRequest, replies: RPCWriter<ScoreMatrix>, _) in
      let count = Int(request.datasetID) ?? 0
      let matrix = BulkService.answer
      for _ in 0..<count { try await replies.write(matrix) }
    }
    router.unary(BulkService.takeScores) { (request: ScoreMatrix, _) in
      ScoreMatrix(values: [Float(request.values.count)])
    }
  }

  /// What one message of the stream holds.
  static let answer = ScoreMatrix(values: (0..<InstantScorer.scoreCount).map(Float.init))
}
