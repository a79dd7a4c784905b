internal import LanguageModels
internal import Tensors

/// The training of one principle on cached streams.
struct PreferenceTrainingRun {
  let trainer: PreferenceModelTrainer
  let principle: String
  let dataset: PreferenceDataset
  /// The place of each of the dataset's texts in the cache.
  let texts: [Int]
  /// How many tokens each of the dataset's answers has.
  let answerTokenCounts: [Int]
  let split: HeldOutSplit
  private var adapter: LowRankAdapter
  private var head: ScalarHead

  init(
    trainer: PreferenceModelTrainer,
    principle: String,
    dataset: PreferenceDataset,
    texts: [Int],
    answerTokenCounts: [Int],
    split: HeldOutSplit,
    adapter: LowRankAdapter,
    head: ScalarHead
  ) {
    self.trainer = trainer
    self.principle = principle
    self.dataset = dataset
    self.texts = texts
    self.answerTokenCounts = answerTokenCounts
    self.split = split
    self.adapter = adapter
    self.head = head
  }

  /// Trains and measures; nil after a cancellation.
  mutating func train(
    _ cache: TrunkCache,
    _ meter: inout WorkMeter,
    _ state: inout PreferenceProgress,
    _ isCancelled: () -> Bool,
    _ progress: (PreferenceProgress) -> Void
  ) throws(PreferenceError) -> PreferenceModelArtifact? {
    let configuration = trainer.configuration
    var order = trainer.generator(3, principle: principle)
    let epochs = (0..<configuration.epochCount).map { _ in deal(cache, &order) }
    let constants = AdamW.Configuration(weightDecay: configuration.weightDecay)
    var optimiser = AdamW(adapter.parameters, configuration: constants)
    var headOptimiser = AdamW(head.parameters, configuration: constants)
    let stepCount = epochs.reduce(0) { $0 + $1.count }
    let schedule = trainer.schedule(stepCount: stepCount)
    var best: (loss: Double, adapter: LowRankAdapter, head: ScalarHead)?
    var epochsSinceBest = 0
    var epochCount = 0
    state.phase = .training
    state.step = 0
    state.stepCount = stepCount
    meter.beginPhase()
    training: for batches in epochs {
      for batch in batches {
        if isCancelled() { return nil }
        let rate = schedule.learningRate(step: state.step)
        let (loss, tokens) = try step(
          batch,
          cache,
          &optimiser,
          &headOptimiser,
          learningRate: rate,
          state.step
        )
        meter.add(work: Double(3 * tokens * layerCount), tokens: tokens)
        state.step += 1
        state.loss = loss
        state.tokensPerSecond = meter.tokensPerSecond
        state.secondsLeft = meter.secondsLeft
        progress(state)
      }
      epochCount += 1
      guard let patience = configuration.earlyStoppingPatience else { continue }
      let loss = metrics(split.heldOut, scores(cache, textsOf(split.heldOut))).loss
      if loss < best?.loss ?? .infinity {
        best = (loss, adapter, head)
        epochsSinceBest = 0
      } else {
        epochsSinceBest += 1
        if epochsSinceBest > patience { break training }
      }
    }
    if let best { (adapter, head) = (best.adapter, best.head) }
    return try measure(cache, &meter, &state, epochCount, progress)
  }

  private var layerCount: Int {
    trainer.model.configuration.layerCount - adapter.firstLayer
  }

  private func deal(_ cache: TrunkCache, _ generator: inout SeededGenerator) -> [PairBatch] {
    PairBatches.deal(
      dataset,
      indices: split.training,
      pairCountMax: trainer.configuration.pairCountMax,
      tokenCounts: texts.map { cache.tokenCount(of: $0) },
      tokenCountMax: trainer.configuration.tokenCountMax,
      using: &generator
    )
  }

  /// One update; returns the loss before it and the tokens it ran.
  private mutating func step(
    _ batch: PairBatch,
    _ cache: TrunkCache,
    _ optimiser: inout AdamW,
    _ headOptimiser: inout AdamW,
    learningRate: Double,
    _ step: Int
  ) throws(PreferenceError) -> (loss: Double, tokenCount: Int) {
    let model = trainer.model
    let (packed, hidden) = cache.batch(batch.texts.map { texts[$0] })
    let pass = model.top(
      hidden,
      packed,
      from: adapter.firstLayer,
      adapter: adapter,
      rows: packed.lastRows,
      record: true
    )
    let (loss, slopes) = trainer.configuration.loss.evaluate(
      scores: head.forward(pass.hidden),
      batch: batch,
      dataset: dataset
    )
    var (headGradient, hiddenGradient) = head.backward(slopes, hidden: pass.hidden)
    // Only differences matter, so the bias has no gradient but rounding; it stays exactly zero.
    headGradient.set(ScalarHead.biasName, Matrix(rows: 1, columns: 1))
    var gradients = model.topBackward(pass, gradient: hiddenGradient).adapter
    let norm = gradients.clipNorm(to: trainer.configuration.gradientNormMax)
    headGradient.clipNorm(to: trainer.configuration.gradientNormMax)
    guard loss.isFinite, norm.isFinite else {
      throw .nonFiniteTraining(principle: principle, step: step)
    }
    optimiser.update(&adapter.parameters, gradients: gradients, learningRate: learningRate)
    headOptimiser.update(
      &head.parameters,
      gradients: headGradient,
      learningRate: learningRate * trainer.configuration.headLearningRateFactor
    )
    return (loss, packed.tokenCount)
  }

  /// Scores all texts once, freezes the normaliser over the training texts and measures both sides.
  private func measure(
    _ cache: TrunkCache,
    _ meter: inout WorkMeter,
    _ state: inout PreferenceProgress,
    _ epochCount: Int,
    _ progress: (PreferenceProgress) -> Void
  ) throws(PreferenceError) -> PreferenceModelArtifact {
    state.phase = .measuring
    state.loss = nil
    meter.beginPhase()
    let training = textsOf(split.training)
    var all = scores(cache, training)
    let normaliser = try ScoreNormaliser(
      measuring: training.compactMap { all[$0] },
      principle: principle
    )
    all.merge(scores(cache, textsOf(split.heldOut))) { first, _ in first }
    let tokens = texts.reduce(0) { $0 + cache.tokenCount(of: $1) }
    meter.add(work: Double(tokens * layerCount), tokens: tokens)
    state.tokensPerSecond = meter.tokensPerSecond
    state.secondsLeft = meter.secondsLeft
    progress(state)
    return PreferenceModelArtifact(
      principle: principle,
      adapter: adapter,
      head: head,
      normaliser: normaliser,
      provenance: PreferenceProvenance(
        baseModel: trainer.baseModel,
        baseModelHash: trainer.baseModelHash,
        precision: trainer.model.format.precision,
        seed: trainer.configuration.seed,
        trainingPairCount: split.training.count,
        epochCount: epochCount,
        training: metrics(split.training, all),
        heldOut: metrics(split.heldOut, all)
      )
    )
  }

  /// Texts of some pairs, each once, ascending.
  private func textsOf(_ pairs: [Int]) -> [Int] {
    Set(pairs.flatMap { [dataset.pairs[$0].first, dataset.pairs[$0].second] }).sorted()
  }

  /// Raw scores by text.
  private func scores(_ cache: TrunkCache, _ wanted: [Int]) -> [Int: Double] {
    var result: [Int: Double] = [:]
    let textOf = Dictionary(uniqueKeysWithValues: wanted.map { (texts[$0], $0) })
    for part in cache.parts(wanted.map { texts[$0] }, trainer.configuration.tokenCountMax) {
      let (packed, hidden) = cache.batch(part)
      let pass = trainer.model.top(
        hidden,
        packed,
        from: adapter.firstLayer,
        adapter: adapter,
        rows: packed.lastRows
      )
      for (text, score) in zip(part, head.forward(pass.hidden)) {
        if let index = textOf[text] { result[index] = Double(score) }
      }
    }
    return result
  }

  private func metrics(_ pairs: [Int], _ scores: [Int: Double]) -> PreferenceMetrics {
    var observations: [PreferenceMetrics.Observation] = []
    var sides: (scores: [Double], lengths: [Double]) = ([], [])
    for pair in pairs.map({ dataset.pairs[$0] }) {
      guard let first = scores[pair.first], let second = scores[pair.second] else { continue }
      observations.append(
        PreferenceMetrics.Observation(
          difference: first - second,
          target: pair.target,
          margin: pair.margin
        )
      )
      sides.scores += [first, second]
      sides.lengths += [pair.first, pair.second].map { Double(answerTokenCounts[$0]) }
    }
    return PreferenceMetrics(
      observations,
      lengthCorrelation: Correlation.pearson(sides.scores, sides.lengths)
    )
  }
}
