internal import Labeling
internal import Logging
package import RPC
package import ServiceKit
internal import ServiceStubs

/// Builds the labeler from its configuration.
package enum LabelerDefinition: ServiceDefinition {
  /// Name of the executable.
  package static let name = "labeler"
  /// What it offers.
  package static var methods: [RPCMethod] { LabelerMethods.all }

  /// Opens the store, makes the judges and offers the service.
  package static func assemble(
    _ configuration: LabelerServiceConfiguration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly {
    let store = try LabelStore(path: context.data.file("labels.sqlite"))
    let book = try PrincipleBook(
      configured: configuration.principles,
      overlay: context.data.folder("principles")
    )
    let ledger = try SpendingLedger(store: store)
    if ledger.abandonedCount > 0 {
      context.logger.warning(
        "answers were lost when the labeler last died; they count at the most they may have cost",
        metadata: ["requests": "\(ledger.abandonedCount)"]
      )
    }
    let judges = try JudgeBench(
      configuration,
      ledger: ledger,
      environment: context.environment,
      file: context.configurationFile,
      logger: context.logger
    )
    context.logger.info(
      "judges ready",
      metadata: [
        "judges": "\(judges.ids.joined(separator: ","))", "principles": "\(book.all.count)",
      ]
    )
    let batches = BatchKeeper(
      Array(judges.desks.values),
      pause: .seconds(configuration.batchPollSeconds),
      logger: context.logger
    )
    let calls = LabelerCalls(
      engine: LabelingEngine(store: store, logger: context.logger),
      book: book,
      judges: judges,
      ledger: ledger,
      batches: batches,
      metrics: context.metrics
    )
    return ServiceAssembly(
      services: [LabelerService(calls)],
      background: [batches],
      close: { try store.close() }
    )
  }
}
