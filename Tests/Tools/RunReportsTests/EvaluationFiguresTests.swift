import JSON
import RunReports
import Testing

@Suite struct EvaluationFiguresTests {
  private func sample(
    _ prompt: String,
    _ index: Int,
    base: [Double],
    tuned: [Double],
    text: String = "a b"
  ) -> SampleComparison {
    SampleComparison(
      promptID: prompt,
      prompt: prompt,
      sampleIndex: index,
      principleIDs: ["x", "y"],
      logRatio: 4.5,
      base: .init(
        text: "a b a b",
        tokens: 10,
        finishReason: "end",
        measures: base,
        baseLogProbability: -20,
        tunedLogProbability: -30,
        scoredTokens: 10
      ),
      tuned: .init(
        text: text,
        tokens: 5,
        finishReason: "length",
        measures: tuned,
        baseLogProbability: -15,
        tunedLogProbability: -9,
        scoredTokens: 5
      )
    )
  }

  @Test func `the utility weighs measures in units of the base answers' spread`() throws {
    // x of the base: 0.0 and 0.2, so s = 0.1; y: 0.0 and 1.0, so s = 0.5.
    let samples = [
      sample("p", 0, base: [0.0, 0.0], tuned: [0.1, 0.0]),  // +1 and 0: a win
      sample("q", 0, base: [0.2, 1.0], tuned: [0.3, 0.2]),  // +1 and -1.6: a loss
    ]
    let figures = try #require(EvaluationFigures(samples: samples, weights: [1, 1]))
    #expect(figures.overall.rate == 0.5)
    #expect(figures.winRates[0].rate == 1)
    #expect(figures.winRates[1].rate == 0.25)
    let heavier = try #require(EvaluationFigures(samples: samples, weights: [2, 1]))
    #expect(heavier.overall.rate == 1)
  }

  @Test func `the other figures are means over answers and tokens`() throws {
    let samples = [sample("p", 0, base: [0, 0], tuned: [1, 1])]
    let figures = try #require(EvaluationFigures(samples: samples, weights: [1, 1]))
    // As they were sampled, which is not the ratio at temperature one.
    #expect(figures.kl == 4.5)
    #expect(figures.meanLength == .init(base: 10, tuned: 5))
    #expect(figures.baseNLL == .init(base: 2, tuned: 3))
    #expect(abs(figures.distinct2.base - 2.0 / 3) < 1e-12)
    #expect(figures.distinct2.tuned == 1)
  }

  @Test func `nothing to compare gives no figures`() {
    #expect(EvaluationFigures(samples: [], weights: []) == nil)
    #expect(EvaluationFigures(samples: SampleRun.samples(prompts: 1, each: 1), weights: [1]) == nil)
  }

  @Test func `a line of samples.jsonl survives writing and reading`() throws {
    for sample in SampleRun.samples(prompts: 2, each: 2) {
      let json = try JSONValue(parsing: sample.json.line)
      #expect(SampleComparison(json: json) == sample)
    }
  }

  @Test func `the summary has every key that a script may rely on`() throws {
    let json = try SampleRun.content().summary.json
    for id in SampleRun.principles {
      for key in [
        "pm_accuracy", "pm_accuracy_clear", "base_mean", "tuned_mean", "win_rate", "win_rate_low",
        "win_rate_high",
      ] {
        #expect(json["principles"]?[id]?[key]?.double != nil, "\(id).\(key)")
      }
    }
    for key in ["win_rate", "win_rate_low", "win_rate_high"] {
      #expect(json["overall"]?[key]?.double != nil)
    }
    for key in ["mean_length", "base_nll", "distinct_2"] {
      #expect(json[key]?["base"]?.double != nil)
      #expect(json[key]?["tuned"]?.double != nil)
    }
    for key in ["label", "preferences", "policy", "evaluate", "total"] {
      #expect(json["seconds"]?[key]?.double != nil)
    }
    #expect(json["kl"]?.double != nil)
    #expect(json["seed"]?.whole == 7)
    #expect(json["peak_rss_mib"]?["policy-trainer"]?.double == 1890)
    #expect(json["versions"]?["morlaif"]?.text != nil)
  }
}
