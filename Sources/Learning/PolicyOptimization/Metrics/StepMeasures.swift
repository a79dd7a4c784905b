internal import Tensors

/// Gathers a step's numbers and turns them into its report.
struct StepMeasures {
  var generationSeconds = 0.0
  var rewardSeconds = 0.0
  var updateSeconds = 0.0
  var seconds = 0.0
  var totals = PPOUpdateTotals()
  private(set) var kl = 0.0
  private var values: [PPOMetric: Double] = [:]
  private var didResetScale = false

  /// Measures rollouts before any update.
  mutating func measure(
    _ rollouts: PPORollouts,
    _ answers: [PPOTrainer.Answer],
    _ conditioned: RewardConditioning.Result,
    _ nonScoreReward: Double,
    _ coefficient: Double
  ) {
    let segments = rollouts.segments
    let count = Double(max(segments.count, 1))
    func perSequence(_ estimator: KLEstimator) -> Double {
      estimator.meanPerSequence(
        policy: rollouts.old,
        reference: rollouts.reference,
        segments: segments
      )
    }
    kl = perSequence(.k1)
    let lengths = Moments((0..<segments.count).map { Float(segments[$0].count) })
    let finished = Double(answers.count { $0.sample.isFinished })
    let sampler = answers.flatMap(\.logProbabilities)
    let gap = zip(sampler, rollouts.old).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
    values[.kl] = kl
    values[.klMonitor] = perSequence(.k3)
    values[.klCoefficient] = coefficient
    values[.entropy] = -rollouts.old.reduce(0.0) { $0 + Double($1) } / count
    values[.nonScoreReward] = nonScoreReward
    values[.rlhfReward] = conditioned.rewards.reduce(0, +) / count + nonScoreReward
    values[.rewardCenter] = conditioned.center
    values[.rewardScale] = conditioned.scale
    values[.rewardClippedShare] = conditioned.clippedShare
    values[.samplerGap] = gap / Double(max(sampler.count, 1))
    values[.endTokenCount] = finished
    values[.finishedShare] = finished / count
    values[.lengthMean] = lengths.mean
    values[.lengthDeviation] = lengths.standardDeviation
    values[.explainedVariance] = ValueLoss.explainedVariance(
      values: rollouts.values,
      returns: rollouts.returns
    )
    didResetScale = conditioned.didReset
  }

  /// The finished report.
  func report(
    _ state: PPOState,
    _ configuration: PPOConfiguration,
    _ answers: [PPOTrainer.Answer],
    _ batch: RewardBatch
  ) -> PPOStepReport {
    var values = values
    let scores = Self.moments(batch.rewards)
    values[.scores] = scores.mean
    values[.scoresDeviation] = scores.deviation
    if configuration.samplesPerPrompt > 1 {
      let groups = GroupAdvantages(groupSize: configuration.samplesPerPrompt, scaling: .none)
      values[.flatGroupShare] = groups.flatShare(batch.rewards)
    } else {
      values[.flatGroupShare] = 0
    }
    values[.episode] = Double(state.episodeCount)
    values[.episodesPerSecond] = seconds > 0 ? Double(answers.count) / seconds : 0
    values[.generationSeconds] = generationSeconds
    values[.rewardSeconds] = rewardSeconds
    values[.updateSeconds] = updateSeconds
    values.merge(updateValues()) { first, _ in first }
    let alert = configuration.klAlert.map { kl > $0 } ?? false
    values[.klAlert] = alert ? 1 : 0
    let width = batch.principles.count
    return PPOStepReport(
      step: state.step,
      configurationVersion: batch.configurationVersion,
      values: values,
      principles: principles(batch, configuration),
      answers: answers.indices.map { index in
        SampledAnswer(
          prompt: answers[index].sample.prompt,
          response: answers[index].sample.response,
          reward: batch.rewards[index],
          scores: Array(batch.scores[index * width..<(index + 1) * width]),
          tokenCount: answers[index].sample.responseTokens.count,
          isFinished: answers[index].sample.isFinished
        )
      },
      warnings: warnings(configuration, isAlarming: alert)
    )
  }

  private func updateValues() -> [PPOMetric: Double] {
    let count = Double(max(totals.updateCount, 1))
    let ratios = Self.moments(totals.ratios)
    return [
      .approximateKL: totals.approximateKL / count,
      .clipFraction: totals.clipFraction / count,
      .dualClipFraction: totals.dualClipFraction / count,
      .policyEntropy: totals.entropy / count,
      .policyGradientNorm: totals.policyGradientNorm / count,
      .policyLoss: totals.policyLoss / count,
      .valueLoss: totals.valueLoss / count,
      .valueClipFraction: totals.valueClipFraction / count,
      .valueGradientNorm: totals.valueGradientNorm / count,
      .ratio: ratios.mean,
      .ratioVariance: ratios.deviation * ratios.deviation,
      .ratioMax: totals.ratioMax,
      .firstRatioDeviation: totals.firstRatioDeviation,
      .learningRate: totals.learningRate,
      .updateCount: Double(totals.updateCount),
    ]
  }

  private func warnings(_ configuration: PPOConfiguration, isAlarming: Bool) -> [String] {
    var warnings: [String] = []
    if isAlarming {
      warnings.append("The KL to the reference is above its alert; look at the answers.")
    }
    if kl < -1 {
      warnings.append("The KL estimate is negative: sampling and training passes do not agree.")
    }
    if totals.firstRatioDeviation > configuration.firstRatioTolerance {
      warnings.append("The first minibatch's ratios are not one: old and new passes differ.")
    }
    if totals.stoppedEarly {
      warnings.append("The policy moved far in one step; the rest of its updates were left out.")
    }
    if didResetScale {
      warnings.append("The reward's configuration changed; its running scale starts anew.")
    }
    return warnings
  }

  private func principles(
    _ batch: RewardBatch,
    _ configuration: PPOConfiguration
  ) -> [PrincipleMetrics] {
    let width = batch.principles.count
    let advantages = PrincipleAdvantages(
      contributions: batch.contributions,
      width: width,
      groupSize: configuration.samplesPerPrompt
    )
    return batch.principles.indices.map { column in
      let rows = stride(from: column, to: batch.scores.count, by: width)
      let scores = Self.moments(rows.map { batch.scores[$0] })
      return PrincipleMetrics(
        principle: batch.principles[column],
        mean: scores.mean,
        standardDeviation: scores.deviation,
        contribution: Self.moments(rows.map { batch.contributions[$0] }).mean,
        advantageDeviation: advantages.deviation(column),
        advantageShare: advantages.share(column)
      )
    }
  }

  private static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    guard !values.isEmpty else { return (0, 0) }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return (mean, variance.squareRoot())
  }
}
