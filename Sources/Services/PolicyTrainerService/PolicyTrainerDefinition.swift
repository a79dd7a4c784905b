internal import Logging
package import ModelKit
package import RPC
package import ServiceKit
internal import ServiceStubs
internal import Tensors

/// Builds the policy trainer from its configuration.
package enum PolicyTrainerDefinition: ServiceDefinition {
  /// Name of the executable.
  package static let name = "policy-trainer"
  /// What it offers.
  package static var methods: [RPCMethod] { PolicyTrainerMethods.all }

  /// Loads the base model and offers the service.
  package static func assemble(
    _ configuration: PolicyTrainerServiceConfiguration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly {
    try context.peers.check(known: ["preference_model", "scalarizer"])
    let base = try BaseModel.load(
      path: configuration.model,
      threads: configuration.common.threads,
      precision: configuration.common.precision
    )
    return try assemble(configuration, base: base, in: context)
  }

  /// Offers the service over a base model that was loaded or made.
  package static func assemble(
    _ configuration: PolicyTrainerServiceConfiguration,
    base: BaseModel,
    in context: ServiceContext
  ) throws -> ServiceAssembly {
    context.logger.info(
      "model loaded",
      metadata: [
        "model.id": "\(base.id)", "model.hash": "\(base.hash)",
        "model.precision": "\(base.precision.rawValue)",
      ]
    )
    let runs = try PolicyRuns(
      base: base,
      configuration: configuration,
      thread: WorkThread(name: "policy training", waitingMax: 4),
      in: context
    )
    let calls = PolicyTrainerCalls(
      runs: runs,
      sampler: AnswerSampler(
        base: base,
        answersPerBatch: configuration.answersPerBatch,
        answerTokensMax: configuration.answerTokensMax
      ),
      likelihood: AnswerLikelihood(base: base),
      thread: WorkThread(name: "policy sampling", waitingMax: 64),
      promptsMax: configuration.promptsMax,
      metrics: context.metrics
    )
    return ServiceAssembly(services: [PolicyTrainerService(calls)], background: [runs])
  }
}
