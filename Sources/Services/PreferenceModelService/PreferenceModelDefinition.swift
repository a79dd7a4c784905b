internal import Logging
package import ModelKit
package import RPC
package import ServiceKit
internal import ServiceStubs
internal import Tensors

/// Builds the preference-model service from its configuration.
package enum PreferenceModelDefinition: ServiceDefinition {
  /// Name of the executable.
  package static let name = "preference-model"
  /// What it offers.
  package static var methods: [RPCMethod] { PreferenceModelMethods.all }

  /// Loads the base model and the trained models and offers the service.
  package static func assemble(
    _ configuration: PreferenceModelServiceConfiguration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly {
    try context.peers.check(known: ["labeler"])
    let base = try BaseModel.load(
      path: configuration.model,
      threads: configuration.common.threads,
      precision: configuration.common.precision
    )
    return try assemble(configuration, base: base, in: context)
  }

  /// Offers the service over a base model that was loaded or made.
  package static func assemble(
    _ configuration: PreferenceModelServiceConfiguration,
    base: BaseModel,
    in context: ServiceContext
  ) throws -> ServiceAssembly {
    let shelf = try ModelShelf(
      folder: context.data.folder("models"),
      base: base.model,
      baseHash: base.hash,
      logger: context.logger
    )
    context.logger.info(
      "model loaded",
      metadata: [
        "model.id": "\(base.id)", "model.hash": "\(base.hash)",
        "model.precision": "\(base.precision.rawValue)",
        "preference_models": "\(shelf.all.count)",
      ]
    )
    let trainings = TrainingDesk(base: base, shelf: shelf)
    let labeler = context.peers.client(
      to: try context.peers.section(of: "labeler"),
      service: "labeler"
    )
    let calls = PreferenceModelCalls(
      base: base,
      shelf: shelf,
      scores: try ScoreDesk(base: base, limits: configuration.limits),
      trainings: trainings,
      labeler: LabelerClient(labeler),
      limits: configuration.limits,
      metrics: context.metrics
    )
    return ServiceAssembly(services: [PreferenceModelService(calls)], background: [trainings])
  }
}
