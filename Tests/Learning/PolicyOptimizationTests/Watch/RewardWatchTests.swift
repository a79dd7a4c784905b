import Foundation
import PolicyOptimization
import Testing

/// Synthetic runs, each with one thing wrong.
@Suite struct RewardWatchTests {
  /// A healthy step: four answers that differ, two principles that share the work.
  private static func healthy(_ step: Int) -> RewardWatch.Observation {
    var random = TestRandom(seed: UInt64(step))
    return RewardWatch.Observation(
      configurationVersion: "1",
      rewards: (0..<8).map { _ in random.normal() },
      clippedShare: 0,
      shares: [("a", 0.6), ("b", 0.4)],
      length: 40 + random.normal(),
      kl: 0.3 * Double(step),
      responses: (0..<8).map { "answer \(step) \($0)" }
    )
  }

  /// Tells the watch of `count` steps, changed by `change`; the signs by the steps they began with.
  private func signs(
    _ count: Int = 40,
    limits: RewardWatchLimits = RewardWatchLimits(),
    _ change: (Int, inout RewardWatch.Observation) -> Void
  ) -> [Int: [RewardWatch.Sign]] {
    var watch = RewardWatch()
    var found: [Int: [RewardWatch.Sign]] = [:]
    for step in 1...count {
      var observation = Self.healthy(step)
      change(step, &observation)
      let alarms = watch.observe(observation, limits).alarms
      if !alarms.isEmpty { found[step] = alarms.map(\.sign) }
    }
    return found
  }

  @Test func `a healthy run is left in peace`() {
    #expect(signs { _, _ in }.isEmpty)
  }

  @Test func `rewards that fall together are told once, when it begins`() {
    let found = signs { step, observation in
      if step > 20 { observation.rewards = observation.rewards.map { 0.01 * $0 } }
    }
    #expect(found.values.flatMap { $0 } == [.varianceCollapse])
    #expect((21...24).contains(found.keys.first ?? 0))
  }

  @Test func `a principle that rules alone is told by name`() throws {
    var watch = RewardWatch()
    var texts: [String] = []
    for step in 1...20 {
      var observation = Self.healthy(step)
      if step > 10 { observation.shares = [("a", -0.1), ("b", 1.1)] }
      let alarms = watch.observe(observation, RewardWatchLimits()).alarms
      texts += alarms.filter { $0.sign == .dominance }.map(\.text)
    }
    #expect(texts.count == 1 && texts[0].hasPrefix("b makes"))
    // Alone by design is not ruling.
    #expect(signs { $1.shares = [("a", 1)] }.isEmpty)
  }

  @Test(arguments: [1.05, 0.95])
  func `answers that become much longer or shorter are told`(factor: Double) {
    let found = signs { step, observation in observation.length *= pow(factor, Double(step)) }
    #expect(found.values.flatMap { $0 } == [.lengthDrift])
  }

  @Test func `a KL that rises faster and faster is told, one that rises steadily is not`() {
    let runaway = signs { step, observation in observation.kl = 0.01 * pow(1.4, Double(step)) }
    #expect(runaway.values.flatMap { $0 }.contains(.klAcceleration))
    #expect(signs { step, observation in observation.kl = 2 * Double(step) }.isEmpty)
  }

  @Test func `a reward at its ceiling and a reward that is cut off are both saturation`() {
    let ceiling = signs { step, observation in
      if step > 15 { observation.rewards = [5, 5, 5, 5, 5, 5, 5, 1] }
    }
    #expect(ceiling[16]?.contains(.saturation) == true)
    let clipped = signs { step, observation in observation.clippedShare = step > 15 ? 0.8 : 0.1 }
    #expect(clipped == [16: [.saturation]])
  }

  @Test func `answers that repeat each other are told, whatever their case and spaces`() {
    let found = signs { step, observation in
      if step == 12 {
        observation.responses = ["Yes.", "yes. ", "YES.", " yes.", "a", "b", "c", "d"]
      }
    }
    #expect(found == [12: [.repeatedOutputs]])
  }

  @Test func `a sign that went away is told again when it comes back`() {
    let found = signs { step, observation in
      if (10...12).contains(step) || (20...22).contains(step) {
        observation.responses = Array(repeating: "same", count: 8)
      }
    }
    #expect(found == [10: [.repeatedOutputs], 20: [.repeatedOutputs]])
  }

  @Test func `another configuration begins a new scale of rewards`() {
    let found = signs { step, observation in
      if step > 20 {
        observation.configurationVersion = "2"
        observation.rewards = observation.rewards.map { 0.01 * $0 }
      }
    }
    #expect(found.isEmpty)
  }

  @Test func `limits decide when`() {
    var limits = RewardWatchLimits()
    limits.repeatedShareMax = 0.9
    let found = signs(limits: limits) { _, observation in
      observation.responses = ["a", "a", "a", "a", "b", "b", "b", "c"]
    }
    #expect(found.isEmpty)
  }

  @Test func `a watch that is written down and read goes on as if nothing had happened`() throws {
    var whole = RewardWatch()
    var broken = RewardWatch()
    for step in 1...30 {
      var observation = Self.healthy(step)
      observation.length *= pow(1.04, Double(step))
      let expected = whole.observe(observation, RewardWatchLimits()).alarms
      broken = try JSONDecoder().decode(RewardWatch.self, from: JSONEncoder().encode(broken))
      #expect(broken.observe(observation, RewardWatchLimits()).alarms == expected)
      #expect(broken == whole)
    }
  }

  @Test func `a policy that finds the one answer that pays is told of`() async throws {
    var configuration = TestPolicy.configuration()
    // Nothing holds it, so that it collapses onto what the reward likes most.
    configuration.klCoefficient = 0
    configuration.learningRate = 0.05
    configuration.stepCount = 60
    var trainer = try TestPolicy.trainer(configuration)
    var signs: Set<RewardWatch.Sign> = []
    while !trainer.isFinished {
      let report = try await trainer.step(EvenTokens(), now: TestPolicy.stillClock)
      signs.formUnion(report.alarms.map(\.sign))
    }
    #expect(signs.isSuperset(of: [.saturation, .repeatedOutputs, .dominance]), "\(signs)")
  }
}
