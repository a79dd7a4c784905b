import Messages
import RPC
import ServiceKit
import ServiceStubs
import Synchronization

/// A labeler that exports forty pairs with labels of two principles, and nothing else.
final class FakeLabeler: LabelerHandler {
  private let badProbability: Double?
  private let isHeld = Mutex(false)
  private let asked = EventLog<Void>()
  private let released = EventLog<Void>()

  init(badProbability: Double? = nil) {
    self.badProbability = badProbability
  }

  /// Makes exports wait for `release`.
  func hold() { isHeld.withLock { $0 = true } }

  /// Lets exports go on.
  func release() { released.finish() }

  /// Waits until someone asked for an export.
  func waitUntilAsked() async throws { try await asked.waitUntilFinished() }

  func export(
    _ request: ExportRequest,
    replies: RPCWriter<ExportReply>,
    context: RPCServerContext
  ) async throws {
    asked.finish()
    if isHeld.withLock({ $0 }) { try await released.waitUntilFinished() }
    for index in 0..<40 {
      let short = "word \(index % 7)"
      let long = String(repeating: "many words ", count: 2 + index % 4)
      let isFirstShort = index % 2 == 0
      let pair = PreferencePair(
        id: "pair-\(index)",
        prompt: "Prompt \(index / 2)",
        responseA: isFirstShort ? short : long,
        responseB: isFirstShort ? long : short
      )
      var labels = ["length", "shape"].map { id in
        Label(pairID: pair.id, principleID: id, pA: isFirstShort ? 0.9 : 0.1, margin: 2.2)
      }
      if index % 10 == 9 {
        labels[1].pA = 0.5
        labels[1].tie = true
      }
      if index == 0, let badProbability { labels[0].pA = badProbability }
      let wanted = labels.filter {
        request.principleIDs.isEmpty || request.principleIDs.contains($0.principleID)
      }
      try await replies.write(ExportReply(pair: pair, labels: wanted))
    }
  }

  func label(
    _ requests: RPCStream<LabelRequest>,
    replies: RPCWriter<LabelReply>,
    context: RPCServerContext
  ) async throws { throw Self.unused }

  func estimate(
    _ requests: RPCStream<LabelRequest>,
    context: RPCServerContext
  ) async throws -> EstimateReply { throw Self.unused }

  func usage(
    _ request: UsageRequest,
    context: RPCServerContext
  ) async throws -> UsageReply { throw Self.unused }

  func submitBatch(
    _ requests: RPCStream<LabelRequest>,
    context: RPCServerContext
  ) async throws -> SubmitBatchReply { throw Self.unused }

  func listBatches(
    _ request: ListBatchesRequest,
    context: RPCServerContext
  ) async throws -> ListBatchesReply { throw Self.unused }

  func statistics(
    _ request: StatisticsRequest,
    context: RPCServerContext
  ) async throws -> StatisticsReply { throw Self.unused }

  func listDeferred(
    _ request: ListDeferredRequest,
    context: RPCServerContext
  ) async throws -> ListDeferredReply { throw Self.unused }

  func resolve(
    _ request: ResolveRequest,
    context: RPCServerContext
  ) async throws -> ResolveReply { throw Self.unused }

  func `import`(
    _ requests: RPCStream<ImportRequest>,
    context: RPCServerContext
  ) async throws -> ImportReply { throw Self.unused }

  func listPrinciples(
    _ request: ListPrinciplesRequest,
    context: RPCServerContext
  ) async throws -> ListPrinciplesReply { throw Self.unused }

  func putPrinciple(
    _ request: PutPrincipleRequest,
    context: RPCServerContext
  ) async throws -> PutPrincipleReply { throw Self.unused }

  func measure(
    _ request: MeasureRequest,
    context: RPCServerContext
  ) async throws -> MeasureReply { throw Self.unused }

  private static let unused = RPCError(code: .unimplemented, message: "not part of this test")
}
