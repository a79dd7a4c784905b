/// Which training metrics the report draws, under which title and unit.
///
/// Names are those of the trainer's own catalogue; where peers use several, the first that a run
/// has counts.
enum MetricCatalogue {
  /// One plot of one or more metrics.
  struct Plot {
    var title: String
    var unit: String
    /// Legend and the names to look for.
    var lines: [(legend: String, names: [String])]
    var includesZero = false
  }

  static let reward = Plot(
    title: "Reward from the scalarizer",
    unit: "reward, mean of a batch",
    lines: [("reward", ["objective/scores", "objective/rlhf_reward"])]
  )

  static let others = [
    Plot(
      title: "Distance from the base model (KL)",
      unit: "nats an answer",
      lines: [("KL", ["objective/kl"])],
      includesZero: true
    ),
    Plot(
      title: "Length of answers",
      unit: "tokens",
      lines: [("tokens", ["response/length_mean"])],
      includesZero: true
    ),
    Plot(
      title: "Entropy of the policy",
      unit: "nats a token",
      lines: [("entropy", ["policy/entropy_avg", "objective/entropy"])],
      includesZero: true
    ),
    Plot(
      title: "Clipped updates",
      unit: "share of tokens",
      lines: [
        ("policy", ["policy/clipfrac_avg"]), ("value", ["val/clipfrac_avg"]),
      ],
      includesZero: true
    ),
    Plot(
      title: "Explained variance of the value head",
      unit: "share",
      lines: [("explained variance", ["critic/explained_var"])]
    ),
    Plot(
      title: "KL coefficient",
      unit: "nats of reward a nat of KL",
      lines: [("coefficient", ["objective/kl_coefficient"])],
      includesZero: true
    ),
    Plot(
      title: "Answers that ended by themselves",
      unit: "share",
      lines: [("ended", ["response/finished_share"])],
      includesZero: true
    ),
  ]

  /// Mean score of a principle over a batch.
  static func score(of principleID: String) -> [String] {
    ["rewards/\(principleID)/mean"]
  }

  /// Share of a principle in the variance of the advantage.
  static func advantageShare(of principleID: String) -> [String] {
    ["advantages/\(principleID)/share"]
  }

  /// The points of the first name that the steps have.
  static func points(
    _ names: [String],
    in steps: [StepMetrics]
  ) -> [(x: Double, y: Double)] {
    for name in names {
      let points = steps.compactMap { step in
        step[name].map { (x: Double(step.step), y: $0) }
      }
      if !points.isEmpty { return points }
    }
    return []
  }
}
