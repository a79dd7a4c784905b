package import LanguageModels
internal import Tensors

/// What happens inside a step, for progress displays.
package enum PPOProgress: Sendable, Equatable {
  /// Answers are being sampled: tokens done of at most so many.
  case sampling(tokens: Int, limit: Int)
  /// Rewards are awaited for so many answers.
  case rewarding(answers: Int)
  /// Updates are being made.
  case updating(update: Int, of: Int)
}

/// Policy optimisation of an adapter against rewards from outside: PPO, or RLOO and GRPO without a
/// critic on the same machinery.
///
/// The policy is an adapter on the base model, the reference the base model itself, the value head
/// (of PPO) reads the policy's last hidden state. A step either happens whole or not at all: when rewards
/// cannot be had, a number is not finite or the caller stops, the state is what it was before.
///
/// - Source: J. Schulman et al., arXiv 1707.06347; D. Ziegler et al., arXiv 1909.08593; details as
///   listed in PPODetails.
package struct PPOTrainer: Sendable {
  /// The base model.
  package let model: LanguageModel
  /// Samples the answers.
  package let sampler: any PolicySampler
  /// The prompts to sample from.
  package let prompts: [PolicyPrompt]
  /// The dials.
  package let configuration: PPOConfiguration
  /// Tokens that end an answer.
  package let stopTokens: [Int32]
  /// Turns answer tokens, without the end token, into text.
  package let decode: @Sendable ([Int32]) -> String
  /// What is carried from step to step.
  package internal(set) var state: PPOState

  /// Starts a run.
  ///
  /// - Parameters:
  ///   - model: the base model.
  ///   - sampler: samples the answers.
  ///   - prompts: prompts with their tokens; each must leave room for an answer.
  ///   - configuration: the dials.
  ///   - stopTokens: tokens that end an answer.
  ///   - decode: answer tokens, without the end token, to text.
  /// - Throws: `PolicyOptimizationError` for a refused configuration or prompt.
  package init(
    model: LanguageModel,
    sampler: any PolicySampler,
    prompts: [PolicyPrompt],
    configuration: PPOConfiguration,
    stopTokens: [Int32],
    decode: @escaping @Sendable ([Int32]) -> String
  ) throws(PolicyOptimizationError) {
    try configuration.check()
    guard !prompts.isEmpty else { throw .noPrompts }
    let limit = model.configuration.contextLength
    for (index, prompt) in prompts.enumerated() {
      guard !prompt.tokens.isEmpty, prompt.tokens.count + configuration.newTokenCountMax <= limit
      else { throw .promptTooLong(index: index, tokens: prompt.tokens.count, limit: limit) }
    }
    self.model = model
    self.sampler = sampler
    self.prompts = prompts
    self.configuration = configuration
    self.stopTokens = stopTokens
    self.decode = decode
    state = PPOState(
      configuration: configuration,
      model: model.configuration,
      promptCount: prompts.count
    )
  }

  /// Whether all steps were made.
  package var isFinished: Bool { state.step >= configuration.stepCount }

  /// Makes one step: sample, reward, update.
  ///
  /// Heavy work runs on the calling thread; only the reward source is awaited.
  ///
  /// - Parameters:
  ///   - source: gives all rewards of the step by one configuration.
  ///   - now: the clock.
  ///   - isCancelled: asked between batches of work.
  ///   - progress: told what is going on.
  /// - Returns: everything worth logging.
  /// - Throws: the source's error, `PolicyOptimizationError.cancelled`, or another
  ///   `PolicyOptimizationError` for numbers that are refused; the state is then unchanged.
  package mutating func step(
    _ source: any RewardSource,
    now: @Sendable () -> Duration,
    isCancelled: @escaping @Sendable () -> Bool = { Task.isCancelled },
    progress: @escaping @Sendable (PPOProgress) -> Void = { _ in }
  ) async throws -> PPOStepReport {
    var next = state
    var report = StepMeasures()
    let began = now()
    let indices = next.cursor.next(configuration.promptCountPerStep)
    let answers = try sample(indices, next, isCancelled, progress)
    let sampled = now()
    report.generationSeconds = (sampled - began) / .seconds(1)

    progress(.rewarding(answers: answers.count))
    let batch = try await source.reward(answers.map(\.sample))
    try batch.check(sampleCount: answers.count)
    let rewarded = now()
    report.rewardSeconds = (rewarded - sampled) / .seconds(1)

    if isCancelled() { throw PolicyOptimizationError.cancelled }
    let rollouts = prepare(answers, batch, &next, &report)
    report.totals = try update(rollouts, &next, isCancelled, progress)
    let ended = now()
    report.updateSeconds = (ended - rewarded) / .seconds(1)
    report.seconds = (ended - began) / .seconds(1)

    // The KL of these rollouts sets the coefficient of the next.
    next.klController.update(kl: report.kl, sampleCount: answers.count)
    next.step += 1
    next.episodeCount += answers.count
    var finished = report.report(next, configuration, answers, batch)
    finished.watch(by: &next.watch, configuration.watch)
    state = next
    return finished
  }

  /// One sampled answer.
  struct Answer: Sendable {
    /// The prompt's tokens.
    let prompt: [Int32]
    /// What the reward source sees.
    let sample: RewardSample
    /// The sampler's own log-probabilities, used for the gap metric only.
    let logProbabilities: [Float]
  }

  /// Samples answers to some prompts under the current policy.
  private func sample(
    _ indices: [Int],
    _ state: PPOState,
    _ isCancelled: @escaping @Sendable () -> Bool,
    _ progress: @escaping @Sendable (PPOProgress) -> Void
  ) throws -> [Answer] {
    let chosen = indices.map { prompts[$0] }
    var seeds = SeededGenerator(
      seed: configuration.seed,
      streams: 0x7361_6d70_6c65,
      UInt64(state.step)
    )
    let request = PolicySamplingRequest(
      prompts: chosen.map(\.tokens),
      samplesPerPrompt: configuration.samplesPerPrompt,
      adapter: state.adapter,
      temperature: configuration.temperature,
      newTokenCountMax: configuration.newTokenCountMax,
      stopTokens: stopTokens,
      seed: seeds.next()
    )
    let limit = configuration.sampleCountPerStep * configuration.newTokenCountMax
    let completions = try sampler.sample(request, isCancelled: isCancelled) { tokens in
      progress(.sampling(tokens: tokens, limit: limit))
    }
    if isCancelled() { throw PolicyOptimizationError.cancelled }
    guard completions.count == configuration.sampleCountPerStep,
      completions.allSatisfy({ !$0.tokens.isEmpty })
    else { throw PolicyOptimizationError.sampleShape(completions.count) }
    return completions.enumerated().map { index, completion in
      let prompt = chosen[index / configuration.samplesPerPrompt]
      let content = completion.isFinished ? completion.tokens.dropLast() : completion.tokens[...]
      return Answer(
        prompt: prompt.tokens,
        sample: RewardSample(
          prompt: prompt.text,
          response: decode(Array(content)),
          responseTokens: completion.tokens,
          isFinished: completion.isFinished
        ),
        logProbabilities: completion.logProbabilities
      )
    }
  }

  /// Old and reference passes, reward shaping and advantages.
  private func prepare(
    _ answers: [Answer],
    _ batch: RewardBatch,
    _ state: inout PPOState,
    _ report: inout StepMeasures
  ) -> PPORollouts {
    var rollouts = PPORollouts(
      prompts: answers.map(\.prompt),
      answers: answers.map(\.sample.responseTokens),
      model: model,
      frozenLayers: state.adapter.firstLayer,
      tokenCountMax: configuration.tokenCountMax
    )
    measure(&rollouts, state)
    let conditioned = configuration.rewards.apply(
      batch.rewards,
      isFinished: answers.map(\.sample.isFinished),
      configurationVersion: batch.configurationVersion,
      state: &state.rewardState
    )
    let coefficient = state.klController.coefficient
    let penalty = configuration.algorithm.penalisesInLoss ? 0 : coefficient
    let nonScoreReward =
      configuration.algorithm.hasCritic
      ? estimateWithCritic(&rollouts, conditioned.rewards, penalty)
      : compareWithinGroups(&rollouts, conditioned.rewards, penalty)
    report.measure(rollouts, answers, conditioned, nonScoreReward, coefficient)
    return rollouts
  }

  /// Generalised advantage estimates from token rewards; returns the mean KL penalty.
  private func estimateWithCritic(
    _ rollouts: inout PPORollouts,
    _ rewards: [Double],
    _ coefficient: Double
  ) -> Double {
    let shaped = RewardShaping.tokenRewards(
      rewards: rewards,
      policy: rollouts.old,
      reference: rollouts.reference,
      coefficient: coefficient,
      segments: rollouts.segments
    )
    let (advantages, returns) = configuration.advantages.estimate(
      rewards: configuration.whitensRewards
        ? Whitening.whiten(shaped.rewards, shiftsMean: false) : shaped.rewards,
      values: rollouts.values,
      segments: rollouts.segments
    )
    rollouts.returns = returns
    rollouts.advantages =
      configuration.whitensAdvantages ? Whitening.whiten(advantages) : advantages
    return shaped.nonScoreReward
  }

  /// One advantage for all tokens of an answer, against the other answers to its prompt; returns the
  /// mean KL penalty.
  private func compareWithinGroups(
    _ rollouts: inout PPORollouts,
    _ rewards: [Double],
    _ coefficient: Double
  ) -> Double {
    let segments = rollouts.segments
    let penalties = (0..<segments.count).map { sequence in
      segments[sequence].reduce(0.0) { sum, token in
        sum - coefficient * (Double(rollouts.old[token]) - Double(rollouts.reference[token]))
      }
    }
    let groups = GroupAdvantages(
      groupSize: configuration.samplesPerPrompt,
      scaling: configuration.advantageScaling ?? configuration.algorithm.scaling
    )
    let whole = zip(rewards, penalties).map { $0 + $1 }
    let advantages =
      configuration.algorithm == .rloo ? groups.leaveOneOut(whole) : groups.fromMean(whole)
    rollouts.advantages = (0..<segments.count).flatMap { sequence in
      [Float](repeating: Float(advantages[sequence]), count: segments[sequence].count)
    }
    rollouts.returns = [Float](repeating: 0, count: segments.tokenCount)
    return penalties.reduce(0, +) / Double(max(penalties.count, 1))
  }

  /// Fills in log-probabilities under policy and reference, and values.
  private func measure(_ rollouts: inout PPORollouts, _ state: PPOState) {
    let count = rollouts.segments.tokenCount
    rollouts.old = [Float](repeating: 0, count: count)
    rollouts.reference = rollouts.old
    rollouts.values = rollouts.old
    let all = Array(rollouts.sequences.indices)
    for part in rollouts.parts(all, tokenCountMax: configuration.tokenCountMax) {
      for adapter in [state.adapter, nil] {
        let pass = model.top(
          part.hidden,
          part.batch,
          from: state.adapter.firstLayer,
          adapter: adapter,
          rows: part.rows
        )
        let result = model.logProbabilities(
          pass.hidden,
          targets: part.targets,
          temperature: configuration.temperature
        )
        if adapter == nil {
          rollouts.reference.scatter(result.values, to: part.places)
        } else {
          rollouts.old.scatter(result.values, to: part.places)
          guard configuration.algorithm.hasCritic else { continue }
          rollouts.values.scatter(state.valueHead.forward(pass.hidden), to: part.places)
        }
      }
    }
  }

  /// The epochs of one step.
  private func update(
    _ rollouts: PPORollouts,
    _ state: inout PPOState,
    _ isCancelled: () -> Bool,
    _ progress: (PPOProgress) -> Void
  ) throws(PolicyOptimizationError) -> PPOUpdateTotals {
    let inLoss = configuration.algorithm.penalisesInLoss ? state.klController.coefficient : 0
    let update = PPOUpdate(
      model: model,
      configuration: configuration,
      rollouts: rollouts,
      klLossCoefficient: configuration.klLossCoefficient + inLoss
    )
    // Without a critic there is nothing to warm up.
    let trainsPolicy =
      !configuration.algorithm.hasCritic || state.step >= configuration.valueWarmupStepCount
    var totals = PPOUpdateTotals()
    var generator = SeededGenerator(
      seed: configuration.seed,
      streams: 0x6d69_6e69,
      UInt64(state.step)
    )
    let planned = configuration.epochCount * configuration.minibatchCount
    let firstUpdate = state.scheduledUpdateCount
    epochs: for _ in 0..<configuration.epochCount {
      let minibatches = MinibatchPlan.epoch(
        sampleCount: rollouts.sequences.count,
        minibatchCount: configuration.minibatchCount,
        &generator
      )
      for minibatch in minibatches {
        if isCancelled() { throw .cancelled }
        let kl = try update.apply(
          minibatch,
          to: &state,
          &totals,
          trainsPolicy: trainsPolicy
        )
        state.scheduledUpdateCount += 1
        progress(.updating(update: totals.updateCount, of: planned))
        if let stop = configuration.approximateKLStop, kl > stop {
          totals.stoppedEarly = true
          break epochs
        }
      }
    }
    // The schedule goes by steps, whether or not one stopped early.
    state.scheduledUpdateCount = firstUpdate + planned
    return totals
  }
}
