internal import LanguageModels
internal import Tensors

extension PPOTrainer {
  /// A snapshot between two steps.
  package func checkpoint(_ surroundings: PPOCheckpoint.Surroundings) -> PPOCheckpoint {
    PPOCheckpoint(state, configuration: configuration, surroundings: surroundings)
  }

  /// Goes on where a snapshot was taken; with the same recipe and prompts, bit for bit.
  ///
  /// - Parameters:
  ///   - checkpoint: the snapshot.
  ///   - baseModel: hash of this trainer's base model.
  /// - Throws: `PolicyOptimizationError` when the checkpoint belongs to another recipe or model; the
  ///   trainer is then unchanged.
  package mutating func restore(
    _ checkpoint: PPOCheckpoint,
    baseModel: String
  ) throws(PolicyOptimizationError) {
    let header = checkpoint.header
    func expect<Value: Equatable>(
      _ field: String,
      _ found: Value,
      _ expected: Value
    )
      throws(PolicyOptimizationError)
    {
      guard found == expected else {
        throw .incompatibleCheckpoint(field: field, found: "\(found)", expected: "\(expected)")
      }
    }
    try expect("base model", header.surroundings.baseModel, baseModel)
    try expect("algorithm", header.algorithm, configuration.algorithm)
    try expect("seed", header.seed, configuration.seed)
    try expect("adapter.rank", header.rank, configuration.adapter.rank)
    try expect("adapter.alpha", header.alpha, configuration.adapter.alpha)
    guard header.cursor.fits(promptCount: prompts.count, seed: configuration.seed) else {
      throw .incompatibleCheckpoint(
        field: "prompts",
        found: "another list",
        expected: "\(prompts.count) prompts"
      )
    }
    let counts = [
      ("step", header.step), ("updates", header.scheduledUpdateCount),
      ("episodes", header.episodeCount),
    ]
    for (field, count) in counts where count < 0 {
      throw .incompatibleCheckpoint(field: field, found: "\(count)", expected: "at least 0")
    }
    var next = state
    next.adapter.parameters = try checkpoint.parameters(
      PPOCheckpoint.policyPrefix,
      like: next.adapter.parameters
    )
    next.valueHead.parameters = try checkpoint.parameters(
      PPOCheckpoint.valuePrefix,
      like: next.valueHead.parameters
    )
    next.policyOptimiser = try optimiser(
      checkpoint,
      next.adapter.parameters,
      PPOCheckpoint.policyFirstPrefix,
      PPOCheckpoint.policySecondPrefix,
      step: header.policyOptimiserStep
    )
    next.valueOptimiser = try optimiser(
      checkpoint,
      next.valueHead.parameters,
      PPOCheckpoint.valueFirstPrefix,
      PPOCheckpoint.valueSecondPrefix,
      step: header.valueOptimiserStep
    )
    next.step = header.step
    next.scheduledUpdateCount = header.scheduledUpdateCount
    next.episodeCount = header.episodeCount
    next.klController = header.klController
    next.rewardState = header.rewardState
    next.cursor = header.cursor
    next.watch = header.watch
    state = next
  }

  private func optimiser(
    _ checkpoint: PPOCheckpoint,
    _ parameters: ParameterSet,
    _ first: String,
    _ second: String,
    step: Int
  ) throws(PolicyOptimizationError) -> AdamW {
    let firstMoments = try checkpoint.parameters(first, like: parameters)
    let secondMoments = try checkpoint.parameters(second, like: parameters)
    do {
      return try AdamW(
        parameters,
        configuration: configuration.optimiser,
        step: step,
        firstMoments: firstMoments,
        secondMoments: secondMoments
      )
    } catch {
      throw .incompatibleCheckpoint(
        field: first,
        found: error.description,
        expected: "moments that fit the parameters"
      )
    }
  }
}
