import Foundation
import LanguageModels
import Preferences
import Synchronization
import Tensors
import Testing

/// Letters as tokens, so that tests need no tokenizer.
struct LetterEncoder: PreferenceTextEncoding {
  func tokens(prompt: String, response: String) throws(PreferenceError) -> [Int32] {
    (prompt + response).utf8.map { Int32($0 % 26) } + [30]
  }

  func answerTokenCount(_ response: String) -> Int { response.utf8.count }
}

@Suite struct PreferenceModelTrainerTests {
  static let model = LanguageModel(configuration: .tiny, seed: 5)

  /// Answers of eight letters; the judge counts the letter a.
  static func pairs(_ letter: Character, promptCount: Int = 40) -> [LabelledPair] {
    var random = TestRandom(seed: 81)
    var pairs: [LabelledPair] = []
    for prompt in 0..<promptCount {
      let answers = (0..<4).map { _ in
        String(
          (0..<8).map { _ in
            "abcd"[String.Index(utf16Offset: Int(random.uniform() * 4), in: "abcd")]
          }
        )
      }
      for first in 0..<4 {
        for second in first + 1..<4 {
          let counts = [answers[first], answers[second]].map { text in
            Double(text.count { $0 == letter })
          }
          let target = 1 / (1 + exp(-(counts[0] - counts[1])))
          pairs.append(
            LabelledPair(
              prompt: "p\(prompt)",
              first: answers[first],
              second: answers[second],
              target: target
            )
          )
        }
      }
    }
    return pairs
  }

  static func configuration(epochs: Int = 6) -> PreferenceTrainingConfiguration {
    var configuration = PreferenceTrainingConfiguration()
    configuration.adapter = AdapterConfiguration(rank: 4, alpha: 8, topLayers: 2)
    configuration.epochCount = epochs
    configuration.learningRate = 1e-2
    configuration.seed = 3
    return configuration
  }

  static func trainer(
    _ configuration: PreferenceTrainingConfiguration
  ) throws -> PreferenceModelTrainer {
    try PreferenceModelTrainer(
      model: model,
      encoder: LetterEncoder(),
      configuration: configuration,
      baseModel: "tiny",
      baseModelHash: "0"
    )
  }

  static func train(
    _ configuration: PreferenceTrainingConfiguration,
    _ letters: [Character]
  ) throws -> [PreferenceModelArtifact] {
    let tasks = letters.map { PreferenceTask(principle: "\($0)", pairs: pairs($0)) }
    let outcome = try trainer(configuration).train(tasks, now: { .zero })
    guard case .finished(let artifacts) = outcome else { return [] }
    return artifacts
  }

  @Test func `each principle is learnt from its own labels`() throws {
    let artifacts = try Self.train(Self.configuration(), ["a", "b"])
    #expect(artifacts.map(\.principle) == ["a", "b"])
    for artifact in artifacts {
      #expect(artifact.provenance.heldOut.accuracy > 0.85)
      #expect(artifact.provenance.heldOut.pairCount == 48)
      #expect(artifact.provenance.training.pairCount == 192)
      #expect(artifact.weightHash.count == 64)
    }
    #expect(artifacts[0].weightHash != artifacts[1].weightHash)
  }

  @Test func `one seed gives the same model bit for bit`() throws {
    let configuration = Self.configuration(epochs: 1)
    let first = try Self.train(configuration, ["a"])
    let second = try Self.train(configuration, ["a"])
    #expect(first[0] == second[0])
  }

  @Test func `texts beyond the cache's budget give the same scores`() throws {
    var configuration = Self.configuration(epochs: 1)
    let cached = try Self.train(configuration, ["a"])
    configuration.cacheByteCountMax = 4096
    let computed = try Self.train(configuration, ["a"])
    let difference = abs(cached[0].normaliser.mean - computed[0].normaliser.mean)
    #expect(difference < 1e-3 * cached[0].normaliser.standardDeviation)
  }

  @Test func `the scorer gives the scores that training froze`() throws {
    let artifacts = try Self.train(Self.configuration(epochs: 1), ["a", "b"])
    let texts = Self.pairs("a").map { PreferenceText(prompt: $0.prompt, response: $0.first) }
    let scorer = PreferenceScorer(
      model: Self.model,
      encoder: LetterEncoder(),
      artifacts: artifacts,
      tokenCountMax: 64
    )
    let scores = try scorer.score(texts, principles: ["b", "a"])
    #expect(scores.principles == ["b", "a"] && scores.raw.count == 2 * texts.count)
    let alone = try scorer.score([texts[7]], principles: ["a"])
    #expect(abs(alone.raw[0] - scores.raw[15]) < 1e-4)
    let normaliser = artifacts[0].normaliser
    let expected = (alone.raw[0] - normaliser.mean) / normaliser.standardDeviation
    #expect(abs(alone.normalised[0] - expected) < 1e-12)
    #expect(throws: PreferenceError.unknownPrinciple("c", known: ["a", "b"])) {
      try scorer.score(texts, principles: ["c"])
    }
  }

  @Test func `a cancelled training returns what was finished`() throws {
    let tasks = ["a", "b"].map { PreferenceTask(principle: $0, pairs: Self.pairs(Character($0))) }
    let finished = Mutex(0)
    let outcome = try Self.trainer(Self.configuration(epochs: 1)).train(
      tasks,
      now: { .zero },
      isCancelled: { finished.withLock { $0 } == 1 },
      progress: { state in finished.withLock { $0 = state.finishedCount } }
    )
    guard case .cancelled(let artifacts) = outcome else {
      Issue.record("the training was not cancelled")
      return
    }
    #expect(artifacts.map(\.principle) == ["a"])
  }

  @Test func `progress counts every step and ends at its total`() throws {
    let seconds = Mutex(0)
    let seen = Mutex<[PreferenceProgress]>([])
    _ = try Self.trainer(Self.configuration(epochs: 2)).train(
      [PreferenceTask(principle: "a", pairs: Self.pairs("a"))],
      now: {
        .seconds(
          seconds.withLock {
            $0 += 1; return $0
          }
        )
      },
      progress: { state in seen.withLock { $0.append(state) } }
    )
    let steps = seen.withLock { $0 }.filter { $0.phase == .training }
    #expect(steps.map(\.step) == Array(1...steps.count) && steps.last?.stepCount == steps.count)
    #expect(steps.allSatisfy { $0.tokensPerSecond > 0 && $0.secondsLeft > 0 })
  }

  @Test func `early stopping keeps the best epoch`() throws {
    var configuration = Self.configuration(epochs: 30)
    configuration.learningRate = 0.05
    configuration.earlyStoppingPatience = 1
    let artifact = try Self.train(configuration, ["a"])[0]
    #expect(artifact.provenance.epochCount < 30)
  }

  @Test func `labels without a preference are refused`() throws {
    let ties = Self.pairs("a").map {
      LabelledPair(prompt: $0.prompt, first: $0.first, second: $0.second, target: 0.5)
    }
    #expect(throws: PreferenceError.emptySplit(side: "training")) {
      try Self.trainer(Self.configuration()).train(
        [PreferenceTask(principle: "a", pairs: ties)],
        now: { .zero }
      )
    }
  }

  @Test func `a refused configuration is named`() {
    var configuration = Self.configuration()
    configuration.epochCount = -1
    #expect(
      throws: PreferenceError.invalidConfiguration(field: "epochs", value: "-1", rule: "at least 0")
    ) {
      try Self.trainer(configuration)
    }
  }
}
