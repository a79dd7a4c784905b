/// One principle's numbers of a step.
package struct PrincipleMetrics: Sendable, Equatable, Codable {
  /// The principle's id.
  package var principle: String
  /// Raw score, mean over answers.
  package var mean: Double
  /// Raw score, deviation over answers.
  package var standardDeviation: Double
  /// What the principle added to the reward, mean over answers.
  package var contribution: Double
  /// Root mean square of its advantages, reward units; see `PrincipleAdvantages`.
  package var advantageDeviation: Double
  /// Its share of the variance of the whole advantage; shares add up to one.
  package var advantageShare: Double
}

/// A sampled answer with its reward.
package struct SampledAnswer: Sendable, Equatable, Codable {
  /// The prompt.
  package var prompt: String
  /// The answer.
  package var response: String
  /// The scalarized reward before conditioning.
  package var reward: Double
  /// Raw scores in the order of the step's principles.
  package var scores: [Double]
  /// Tokens of the answer with its end token.
  package var tokenCount: Int
  /// Whether the model ended the answer itself.
  package var isFinished: Bool
}

/// Everything a PPO step reports.
package struct PPOStepReport: Sendable, Equatable, Codable {
  /// Number of the step, from one.
  package var step: Int
  /// The configuration that gave every reward of this step.
  package var configurationVersion: String
  /// Values by metric; every metric of the catalog is there.
  package var values: [PPOMetric: Double]
  /// Numbers by principle, in the reward source's order.
  package var principles: [PrincipleMetrics]
  /// The step's answers.
  package var answers: [SampledAnswer]
  /// What a person should look at, in sentences.
  package var warnings: [String]
  /// Signs of a gamed reward that began with this step.
  package var alarms: [RewardWatch.Alarm] = []

  /// Shows the step to the watch and keeps what it says.
  mutating func watch(by watch: inout RewardWatch, _ limits: RewardWatchLimits) {
    let (alarms, figures) = watch.observe(
      RewardWatch.Observation(
        configurationVersion: configurationVersion,
        rewards: answers.map(\.reward),
        clippedShare: self[.rewardClippedShare],
        shares: principles.map { ($0.principle, $0.advantageShare) },
        length: self[.lengthMean],
        kl: self[.kl],
        responses: answers.map(\.response)
      ),
      limits
    )
    self.alarms = alarms
    values[.ceilingShare] = figures.ceilingShare
    values[.repeatedShare] = figures.repeatedShare
  }

  /// The value of a metric.
  package subscript(metric: PPOMetric) -> Double { values[metric] ?? 0 }

  /// Names and values in the catalog's order, then by principle.
  package func flattened() -> [(name: String, value: Double)] {
    var result = PPOMetric.allCases.map { (name: $0.rawValue, value: self[$0]) }
    for entry in principles {
      result.append(("rewards/\(entry.principle)/mean", entry.mean))
      result.append(("rewards/\(entry.principle)/std", entry.standardDeviation))
      result.append(("contributions/\(entry.principle)/mean", entry.contribution))
      result.append(("advantages/\(entry.principle)/std", entry.advantageDeviation))
      result.append(("advantages/\(entry.principle)/share", entry.advantageShare))
    }
    return result
  }
}
