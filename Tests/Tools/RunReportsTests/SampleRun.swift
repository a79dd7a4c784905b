import JSON
import RunReports
import Testing

/// A made-up run, the same every time, for the tests of what is drawn and written.
enum SampleRun {
  static let principles = ["conciseness", "relevance", "understandability", "repetitiveness"]

  /// A small generator so that the curves look like training.
  struct Noise {
    var state: UInt64
    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 33) / Double(1 << 31) * 2 - 1
    }
  }

  static func steps(_ count: Int) -> [StepMetrics] {
    var noise = Noise(state: 7)
    return (1...count).map { step in
      let progress = Double(step) / Double(count)
      var values: [(name: String, value: Double)] = [
        ("objective/scores", -0.2 + 1.9 * progress + 0.35 * noise.next()),
        ("objective/kl", 9 * progress * progress + 0.6 * abs(noise.next())),
        ("response/length_mean", 46 - 14 * progress + 2 * noise.next()),
        ("policy/entropy_avg", 1.9 - 0.5 * progress + 0.05 * noise.next()),
        ("policy/clipfrac_avg", 0.08 + 0.05 * noise.next()),
        ("val/clipfrac_avg", 0.02 + 0.01 * noise.next()),
        ("critic/explained_var", 0.7 * progress + 0.1 * noise.next()),
      ]
      for (index, principle) in principles.enumerated() {
        values.append(
          ("rewards/\(principle)/mean", Double(index) * 0.4 + progress + 0.3 * noise.next())
        )
        values.append(("advantages/\(principle)/share", 0.25 + 0.1 * noise.next()))
      }
      let isSwapped = (count / 3..<count / 2).contains(step)
      return StepMetrics(
        step: step,
        seconds: 4.2,
        configurationVersion: isSwapped ? 3 : 2,
        configurationHash: isSwapped ? "ab12cd34ef567890" : "0123456789abcdef",
        scalarizerEndpoint: "127.0.0.1:7103",
        values: values
      )
    }
  }

  static func samples(prompts: Int, each: Int) -> [SampleComparison] {
    var noise = Noise(state: 3)
    return (0..<prompts).flatMap { prompt in
      (0..<each).map { index in
        let base = principles.map { _ in 0.5 + 0.2 * noise.next() }
        let tuned = base.map { min(1, $0 + 0.08 + 0.15 * noise.next()) }
        return SampleComparison(
          promptID: "p\(prompt)",
          prompt: "Why do cats <purr> & \"knead\", question \(prompt)?",
          sampleIndex: index,
          principleIDs: principles,
          logRatio: 6,
          base: .init(
            text:
              "There are many reasons why cats purr. One reason is that they feel happy, and another reason is that they feel happy, and yet another is that",
            tokens: 48,
            finishReason: "length",
            measures: base,
            baseLogProbability: -60,
            tunedLogProbability: -66,
            scoredTokens: 48
          ),
          tuned: .init(
            text: "Cats purr when they feel safe.\nKneading is left over from nursing.",
            tokens: 18,
            finishReason: "end",
            measures: tuned,
            baseLogProbability: -27,
            tunedLogProbability: -20,
            scoredTokens: 17
          )
        )
      }
    }
  }

  static func content() throws -> ReportContent {
    let weights = [1.0, 1.0, 0.5, 0.5]
    let samples = samples(prompts: 50, each: 3)
    let figures = try #require(EvaluationFigures(samples: samples, weights: weights))
    let summary = RunSummary(
      runID: "default-20261122-110000",
      modelID: "SmolLM2-135M-Instruct",
      seed: 7,
      principles: principles.enumerated().map { index, id in
        RunSummary.Principle(
          id: id,
          weight: weights[index],
          agreement: .init(
            accuracy: 0.78 + 0.03 * Double(index),
            low: 0.72 + 0.03 * Double(index),
            high: 0.83 + 0.03 * Double(index),
            clearAccuracy: 0.88 + 0.02 * Double(index),
            pairs: 210
          ),
          mean: figures.means[index],
          winRate: figures.winRates[index]
        )
      },
      overall: figures.overall,
      kl: figures.kl,
      klTemperature: 0.7,
      meanLength: figures.meanLength,
      baseNLL: figures.baseNLL,
      distinct2: figures.distinct2,
      seconds: [
        ("label", 82), ("preferences", 121.5), ("scalarizer", 0.1), ("policy", 402),
        ("evaluate", 48), ("total", 653.6),
      ],
      peakRSS: [
        ("labeler", 48), ("preference-model", 1410), ("scalarizer", 22), ("policy-trainer", 1890),
      ],
      versions: [("morlaif", "0.1.0"), ("scalarizer configuration", "v2 0123456789abcdef")]
    )
    let start = 1_795_345_200.0
    let events = [
      JournalEvent(time: start, kind: "run_started", fields: [.init("run_id", "default")]),
      JournalEvent(time: start + 12, kind: "step_started", fields: [.init("step", "label")]),
      JournalEvent(
        time: start + 300,
        kind: "scalarizer_reconfigured",
        fields: [
          .init("step", 20), .init("detail", "v2 linear → v3 maxmin <script>alert(1)</script>"),
        ]
      ),
      JournalEvent(
        time: start + 420,
        kind: "waiting",
        fields: [.init("detail", "scalarizer 127.0.0.1:7103: connection refused, trying again")]
      ),
    ]
    return ReportContent(
      title: "default",
      startedAt: start,
      summary: summary,
      steps: steps(60),
      samples: samples,
      events: events,
      recipe: "name: default\nseed: 7 # <b>\n"
    )
  }
}
