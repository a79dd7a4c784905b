/// Watches a run for the signs of a policy that games its reward, and says when one begins.
///
/// Each sign is judged against the run's own beginning or against a fixed share; none of them looks
/// at the reward's height, because a policy that games it has a high one. It is told of every step
/// and is part of the checkpoint, so that a run that goes on warns at the same steps.
package struct RewardWatch: Sendable, Equatable, Codable {
  /// What may be going wrong.
  package enum Sign: String, Sendable, CaseIterable, Codable {
    /// Rewards hardly tell answers apart any more.
    case varianceCollapse = "variance_collapse"
    /// One principle alone decides which answers are better.
    case dominance
    /// Answers became much longer or shorter than at the beginning.
    case lengthDrift = "length_drift"
    /// The policy leaves the reference faster and faster.
    case klAcceleration = "kl_acceleration"
    /// Many answers share the highest reward that was ever seen, or are cut off by the reward clip.
    case saturation
    /// Many answers are the same text.
    case repeatedOutputs = "repeated_outputs"
  }

  /// A sign that began with this step.
  package struct Alarm: Sendable, Equatable, Codable {
    /// Which one.
    package var sign: Sign
    /// What was measured, the threshold and what to look at.
    package var text: String
  }

  /// What a step shows of itself.
  package struct Observation: Sendable {
    /// The configuration that gave the rewards; another one begins a new scale of rewards.
    package var configurationVersion: String
    /// Scalarized rewards, one for each answer.
    package var rewards: [Double]
    /// Share of rewards that the clip changed.
    package var clippedShare: Double
    /// Principles with their shares of the advantage's variance.
    package var shares: [(principle: String, share: Double)]
    /// Mean length of answers, tokens.
    package var length: Double
    /// Mean sequence KL to the reference, nats.
    package var kl: Double
    /// The answers' texts.
    package var responses: [String]

    /// Puts the parts together.
    package init(
      configurationVersion: String,
      rewards: [Double],
      clippedShare: Double,
      shares: [(principle: String, share: Double)],
      length: Double,
      kl: Double,
      responses: [String]
    ) {
      self.configurationVersion = configurationVersion
      self.rewards = rewards
      self.clippedShare = clippedShare
      self.shares = shares
      self.length = length
      self.kl = kl
      self.responses = responses
    }
  }

  /// Figures that the watch works out and the metrics show.
  package struct Figures: Sendable, Equatable {
    /// Share of answers with a reward at the highest of this configuration.
    package var ceilingShare = 0.0
    /// Share of answers that repeat another answer of the step.
    package var repeatedShare = 0.0
  }

  /// Signs that hold at present; each is told once until it goes away.
  package private(set) var holding: Set<Sign> = []
  private var configurationVersion: String?
  /// The last steps' values, oldest first: at most two windows of KL, one of the others.
  private var kls: [Double] = []
  private var deviations: [Double] = []
  private var lengths: [Double] = []
  private var shares: [String: [Double]] = [:]
  /// Means over the first window of the run, or of the configuration for rewards.
  private var firstDeviation: Double?
  private var firstLength: Double?
  private var rewardMin = Double.infinity
  private var rewardMax = -Double.infinity

  /// Starts with nothing seen.
  package init() {}

  private enum CodingKeys: String, CodingKey {
    case holding, configurationVersion, kls, deviations, lengths, shares, firstDeviation
    case firstLength, range
  }

  /// Reads a state; the range of rewards is absent while none was seen, since JSON has no infinity.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    holding = try values.decode(Set<Sign>.self, forKey: .holding)
    configurationVersion = try values.decodeIfPresent(String.self, forKey: .configurationVersion)
    kls = try values.decode([Double].self, forKey: .kls)
    deviations = try values.decode([Double].self, forKey: .deviations)
    lengths = try values.decode([Double].self, forKey: .lengths)
    shares = try values.decode([String: [Double]].self, forKey: .shares)
    firstDeviation = try values.decodeIfPresent(Double.self, forKey: .firstDeviation)
    firstLength = try values.decodeIfPresent(Double.self, forKey: .firstLength)
    if let range = try values.decodeIfPresent([Double].self, forKey: .range), range.count == 2 {
      (rewardMin, rewardMax) = (range[0], range[1])
    }
  }

  /// Writes the state; signs in a fixed order, so that equal states give equal bytes.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(holding.sorted { $0.rawValue < $1.rawValue }, forKey: .holding)
    try values.encodeIfPresent(configurationVersion, forKey: .configurationVersion)
    try values.encode(kls, forKey: .kls)
    try values.encode(deviations, forKey: .deviations)
    try values.encode(lengths, forKey: .lengths)
    try values.encode(shares, forKey: .shares)
    try values.encodeIfPresent(firstDeviation, forKey: .firstDeviation)
    try values.encodeIfPresent(firstLength, forKey: .firstLength)
    if rewardMax >= rewardMin { try values.encode([rewardMin, rewardMax], forKey: .range) }
  }

  /// Looks at a step; returns the signs that began with it, and the figures.
  package mutating func observe(
    _ step: Observation,
    _ limits: RewardWatchLimits
  ) -> (alarms: [Alarm], figures: Figures) {
    if configurationVersion != step.configurationVersion {
      configurationVersion = step.configurationVersion
      (deviations, firstDeviation) = ([], nil)
      (rewardMin, rewardMax) = (.infinity, -.infinity)
      shares = [:]
    }
    var found: [Sign: String] = [:]
    found[.varianceCollapse] = variance(step, limits)
    found[.dominance] = dominance(step, limits)
    found[.lengthDrift] = length(step, limits)
    found[.klAcceleration] = acceleration(step, limits)
    var figures = Figures()
    figures.ceilingShare = ceilingShare(step)
    figures.repeatedShare = Self.repeatedShare(step.responses)
    found[.saturation] = Self.saturation(figures.ceilingShare, step.clippedShare, limits)
    if figures.repeatedShare > limits.repeatedShareMax {
      found[.repeatedOutputs] =
        "\(Self.percent(figures.repeatedShare)) of the answers repeat another answer of the step, "
        + "above \(Self.percent(limits.repeatedShareMax)); read them"
    }
    let alarms = Sign.allCases.compactMap { sign in
      holding.contains(sign) ? nil : found[sign].map { Alarm(sign: sign, text: $0) }
    }
    holding = Set(found.keys)
    return (alarms, figures)
  }
}

// One sign each; nil where it does not hold.
extension RewardWatch {
  private mutating func variance(_ step: Observation, _ limits: RewardWatchLimits) -> String? {
    let deviation = GroupAdvantages.deviation(step.rewards[...])
    Self.append(deviation, to: &deviations, count: limits.window)
    guard deviations.count == limits.window else { return nil }
    let recent = Self.mean(deviations)
    guard let first = firstDeviation else {
      firstDeviation = recent
      return nil
    }
    guard recent < limits.deviationShareMin * first else { return nil }
    return "the rewards' deviation fell from \(Self.short(first)) to \(Self.short(recent)), below "
      + "\(Self.percent(limits.deviationShareMin)) of what it was: answers are hardly told apart"
  }

  private mutating func dominance(_ step: Observation, _ limits: RewardWatchLimits) -> String? {
    guard step.shares.count > 1 else { return nil }
    var worst: (principle: String, share: Double)?
    for (principle, share) in step.shares {
      var values = shares[principle] ?? []
      Self.append(share, to: &values, count: limits.window)
      shares[principle] = values
      let mean = Self.mean(values)
      if values.count == limits.window, mean > worst?.share ?? limits.principleShareMax {
        worst = (principle, mean)
      }
    }
    return worst.map {
      "\($0.principle) makes \(Self.percent($0.share)) of the advantage's variance over "
        + "\(limits.window) steps, above \(Self.percent(limits.principleShareMax)); lower its weight "
        + "or normalise the scores"
    }
  }

  private mutating func length(_ step: Observation, _ limits: RewardWatchLimits) -> String? {
    Self.append(step.length, to: &lengths, count: limits.window)
    guard lengths.count == limits.window else { return nil }
    let recent = Self.mean(lengths)
    guard let first = firstLength, first > 0 else {
      firstLength = recent
      return nil
    }
    let factor = max(recent / first, first / max(recent, 1e-9))
    guard factor > limits.lengthFactorMax else { return nil }
    return "answers went from \(Self.short(first)) to \(Self.short(recent)) tokens, more than "
      + "\(Self.short(limits.lengthFactorMax)) times; see whether length is what pays"
  }

  private mutating func acceleration(_ step: Observation, _ limits: RewardWatchLimits) -> String? {
    let window = limits.window
    Self.append(step.kl, to: &kls, count: 2 * window + 1)
    guard kls.count == 2 * window + 1 else { return nil }
    let before = kls[window] - kls[0]
    let recent = kls[2 * window] - kls[window]
    guard recent - before > limits.klAccelerationMax else { return nil }
    return "the KL rose by \(Self.short(recent)) nats in \(window) steps, after "
      + "\(Self.short(before)) in as many before; raise kl_coefficient or lower the learning rate"
  }

  private mutating func ceilingShare(_ step: Observation) -> Double {
    rewardMin = min(rewardMin, step.rewards.min() ?? rewardMin)
    rewardMax = max(rewardMax, step.rewards.max() ?? rewardMax)
    let ceiling = rewardMax - 0.01 * (rewardMax - rewardMin)
    // One answer is always the best one, and equal rewards of a whole run are no ceiling.
    guard rewardMax > rewardMin, step.rewards.count > 1 else { return 0 }
    return Double(step.rewards.count { $0 >= ceiling }) / Double(step.rewards.count)
  }

  private static func saturation(
    _ ceilingShare: Double,
    _ clippedShare: Double,
    _ limits: RewardWatchLimits
  ) -> String? {
    if ceilingShare > limits.ceilingShareMax {
      return "\(percent(ceilingShare)) of the answers have the highest reward of the run, above "
        + "\(percent(limits.ceilingShareMax)): the reward has no more to teach"
    }
    guard clippedShare > limits.ceilingShareMax else { return nil }
    return "the reward clip cuts off \(percent(clippedShare)) of the rewards, above "
      + "\(percent(limits.ceilingShareMax)); raise reward_clip"
  }

  /// Share of answers that are not the first of their text; case and white space do not count.
  private static func repeatedShare(_ responses: [String]) -> Double {
    guard !responses.isEmpty else { return 0 }
    let texts = Set(
      responses.map { $0.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    )
    return 1 - Double(texts.count) / Double(responses.count)
  }

  private static func append(_ value: Double, to values: inout [Double], count: Int) {
    values.append(value)
    if values.count > count { values.removeFirst(values.count - count) }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  private static func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

  private static func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}
