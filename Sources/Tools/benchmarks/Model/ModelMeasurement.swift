internal import Foundation
internal import LanguageModels
internal import Preferences
internal import Tensors

/// The measurements of `benchmarks model`.
struct ModelMeasurement {
  private let model: LanguageModel
  /// How often each figure is taken; the best counts.
  private let rounds: Int
  /// Sequences of random tokens, all of one length.
  private let batch: PackedBatch
  /// The token after each row; the last of a sequence is followed by the next one's first.
  private let targets: [Int32]

  private static let sequenceCount = 8
  private static let sequenceTokens = 128
  private static let promptTokens = 32
  private static let newTokens = 64
  private static let principleCount = 12
  private static let rank = 16

  /// Prepares measurements of a model.
  init(_ model: LanguageModel, rounds: Int) {
    self.model = model
    self.rounds = rounds
    let sequences = Self.sequences(
      count: Self.sequenceCount,
      tokens: Self.sequenceTokens,
      model.configuration
    )
    batch = PackedBatch(sequences)
    targets = Array(batch.tokens.dropFirst() + batch.tokens.prefix(1))
  }

  /// Takes all figures.
  func figures() throws -> [ModelFigure] {
    let gigaflops = productGigaflops()
    let score = tokensPerSecond { scoreBatch() }
    var lowRank = lowRankTraining()
    let step = tokensPerSecond { lowRank.step() }
    let full = fullStepRate()
    let alone = try generationRate(batch: 1)
    let together = try generationRate(batch: 32)
    let ratio = principleRatio()
    let scoreGigaflops = score * flopsPerScoredToken * 1e-9
    return [
      ModelFigure(name: "score_tokens_per_s", title: "scoring, tokens/s", value: score),
      ModelFigure(name: "lora_step_tokens_per_s", title: "LoRA step, tokens/s", value: step),
      ModelFigure(
        name: "full_step_tokens_per_s",
        title: "full fine-tuning step, tokens/s",
        value: full
      ),
      ModelFigure(
        name: "generate_b1_tokens_per_s",
        title: "generation, batch 1, tokens/s",
        value: alone
      ),
      ModelFigure(
        name: "generate_b32_tokens_per_s",
        title: "generation, batch 32, tokens/s",
        value: together
      ),
      ModelFigure(
        name: "score_k12_over_k1",
        title: "scoring on 12 principles over 1",
        value: ratio
      ),
      ModelFigure(name: "sgemm_gflops", title: "matrix product, GFLOP/s", value: gigaflops),
      ModelFigure(
        name: "score_fraction_of_sgemm",
        title: "scoring, fraction of the matrix product",
        value: scoreGigaflops / gigaflops
      ),
      ModelFigure(
        name: "peak_rss_mib",
        title: "peak memory of all this, MiB",
        value: try Self.peakResidentMebibytes()
      ),
    ]
  }

  // MARK: Work

  /// Log-probabilities of every token of the batch.
  private func scoreBatch() {
    _ = model.logProbabilities(model.hiddenStates(batch), targets: targets)
  }

  /// Steps on an adapter on every map of every layer.
  private func lowRankTraining() -> LowRankTraining {
    LowRankTraining(model, batch, targets: targets, rank: Self.rank)
  }

  /// Gigabytes that only this figure needs are given back before the next one.
  private func fullStepRate() -> Double {
    var training = FullTraining(model, batch, targets: targets)
    return tokensPerSecond { training.step() }
  }

  /// Where the time of each kind of work goes, in a round after one that warms up.
  func profiles() -> [ModelProfile] {
    var lowRank = lowRankTraining()
    var full = FullTraining(model, batch, targets: targets)
    return [
      profile("scoring") { scoreBatch() },
      profile("LoRA step") { lowRank.step() },
      profile("full fine-tuning step") { full.step() },
    ]
  }

  private func profile(_ title: String, _ work: () -> Void) -> ModelProfile {
    work()
    let profile = WorkProfile()
    let before = Stopwatch.now
    WorkProfile.$current.withValue(profile) { work() }
    return ModelProfile(
      title: title,
      seconds: Stopwatch.now - before,
      entries: profile.snapshot
    )
  }

  private func generationRate(batch count: Int) throws -> Double {
    let prompts = Self.sequences(count: count, tokens: Self.promptTokens, model.configuration)
    let generator = Generator(model, batchMax: count)
    let options = SamplingOptions(maxNewTokens: Self.newTokens)
    _ = try generator.generate(prompts: [prompts[0]], options: options, seed: 1)
    var best = Double.infinity
    for round in 0..<rounds {
      let before = Stopwatch.now
      _ = try generator.generate(prompts: prompts, options: options, seed: UInt64(round))
      best = min(best, Stopwatch.now - before)
    }
    return Double(count * Self.newTokens) / best
  }

  /// Time of scoring on twelve principles over that on one: one trunk, and for each principle an
  /// adapter of the shape that preference models are trained with, and a head.
  private func principleRatio() -> Double {
    let wish = PreferenceTrainingConfiguration().adapter
    let models = (0..<Self.principleCount).map { index in
      (
        LowRankAdapter(wish, model: model.configuration, seed: UInt64(index)),
        ScalarHead(width: model.configuration.width, seed: UInt64(index))
      )
    }
    let time = { (count: Int) -> Double in
      bestSeconds {
        let first = models[0].0.firstLayer
        let states = model.tops(
          model.trunk(batch, layers: first),
          batch,
          from: first,
          adapters: models.prefix(count).map(\.0),
          rows: batch.lastRows
        )
        for (head, states) in zip(models.map(\.1), states) { _ = head.forward(states) }
      }
    }
    return time(Self.principleCount) / time(1)
  }

  /// What a large product of plain matrices reaches, in 10^9 operations per second.
  private func productGigaflops() -> Double {
    let size = 1_536
    var generator = SeededGenerator(seed: 1, stream: 1)
    let a = Matrix.uniform(rows: size, columns: size, bound: 1, using: &generator)
    let b = Matrix.uniform(rows: size, columns: size, bound: 1, using: &generator)
    let c = Tile(rows: size, columns: size)
    let seconds = bestSeconds { multiply(a.tile, transposed: b.tile, into: c) }
    return 2 * Double(size * size * size) / seconds * 1e-9
  }

  /// Multiplications and additions for one scored token: two for each weight that it meets, and
  /// attention over half of its sequence.
  private var flopsPerScoredToken: Double {
    let shape = model.configuration
    let perLayer =
      shape.width * (2 * shape.queryWidth + 2 * shape.keyWidth + 3 * shape.feedForwardWidth)
    let attention = 2 * shape.queryWidth * (Self.sequenceTokens + 1) / 2
    let weights = shape.layerCount * (perLayer + attention) + shape.width * shape.vocabularySize
    return 2 * Double(weights)
  }

  // MARK: Clock and memory

  private func tokensPerSecond(_ work: () -> Void) -> Double {
    Double(batch.tokenCount) / bestSeconds(work)
  }

  /// The shortest of the rounds, after one that warms up.
  private func bestSeconds(_ work: () -> Void) -> Double {
    work()
    var best = Double.infinity
    for _ in 0..<rounds {
      let before = Stopwatch.now
      work()
      best = min(best, Stopwatch.now - before)
    }
    return best
  }

  private static func sequences(
    count: Int,
    tokens: Int,
    _ configuration: ModelConfiguration
  ) -> [[Int32]] {
    var generator = SeededGenerator(seed: 7, stream: 3)
    return (0..<count).map { _ in
      (0..<tokens).map { _ in
        Int32.random(in: 3..<Int32(configuration.vocabularySize), using: &generator)
      }
    }
  }

  /// The most memory that the process has had, as Linux keeps it.
  private static func peakResidentMebibytes() throws -> Double {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else {
      throw BenchmarkFailure("/proc/self/status has no VmHWM")
    }
    return kibibytes / 1_024
  }
}
