internal import LanguageModels
internal import Tensors

/// The common start of all principles: one adapter under every principle's head.
///
/// Each text then teaches the adapter once for all principles, which costs one training instead of one
/// per principle and overfits less; the principles part ways afterwards.
struct SharedPreferenceTraining {
  let trainer: PreferenceModelTrainer
  let corpus: PreferenceCorpus
  let splits: [HeldOutSplit]
  private(set) var adapter: LowRankAdapter
  private(set) var heads: [ScalarHead]
  private var optimiser: AdamW
  private var headOptimisers: [AdamW]

  /// Starts with an adapter that changes nothing and heads fitted to the base model's states.
  init(
    trainer: PreferenceModelTrainer,
    corpus: PreferenceCorpus,
    splits: [HeldOutSplit],
    principles: [String],
    cache: TrunkCache
  ) {
    self.trainer = trainer
    self.corpus = corpus
    self.splits = splits
    let shape = trainer.model.configuration
    var seeds = trainer.generator(2, principle: "")
    adapter = LowRankAdapter(trainer.configuration.adapter, model: shape, seed: seeds.next())
    heads = principles.map { principle in
      var seeds = trainer.generator(2, principle: principle)
      return ScalarHead(width: shape.width, seed: seeds.next())
    }
    let ridges = trainer.configuration.headRidges
    if !ridges.isEmpty {
      let states = Self.states(trainer, cache, textCount: corpus.sequences.count)
      for index in heads.indices {
        let dataset = corpus.datasets[index]
        let pairs = splits[index].training.map { pair in
          HeadFit.Pair(
            first: corpus.texts[index][dataset.pairs[pair].first],
            second: corpus.texts[index][dataset.pairs[pair].second],
            target: dataset.pairs[pair].target,
            prompt: dataset.pairs[pair].prompt
          )
        }
        let ridge = RidgeChoice(candidates: ridges).best(states: states, pairs: pairs)
        heads[index].parameters.set(
          ScalarHead.weightName,
          HeadFit(ridge: ridge).weight(states: states, pairs: pairs)
        )
      }
    }
    let constants = AdamW.Configuration(weightDecay: trainer.configuration.weightDecay)
    optimiser = AdamW(adapter.parameters, configuration: constants)
    headOptimisers = heads.map { AdamW($0.parameters, configuration: constants) }
  }

  /// Last-token states of the base model, one row a text.
  private static func states(
    _ trainer: PreferenceModelTrainer,
    _ cache: TrunkCache,
    textCount: Int
  ) -> Matrix {
    var parts: [Matrix] = []
    for part in cache.parts(Array(0..<textCount), trainer.configuration.tokenCountMax) {
      let (batch, hidden) = cache.batch(part)
      let pass = trainer.model.top(hidden, batch, from: cache.layerCount, rows: batch.lastRows)
      parts.append(pass.hidden)
    }
    return .stacking(parts)
  }

  /// Batches of one epoch: pairs by principle over the same prompts.
  private func deal(_ cache: TrunkCache, _ generator: inout SeededGenerator) -> [[PairBatch]] {
    var byPrompt: [String: [[Int]]] = [:]
    var prompts: [String] = []
    for (index, dataset) in corpus.datasets.enumerated() {
      for pair in splits[index].training {
        let prompt = dataset.prompts[dataset.pairs[pair].prompt]
        if byPrompt[prompt] == nil {
          prompts.append(prompt)
          byPrompt[prompt] = Array(repeating: [], count: corpus.datasets.count)
        }
        byPrompt[prompt]?[index].append(pair)
      }
    }
    let empty = [[Int]](repeating: [], count: corpus.datasets.count)
    var batches: [[[Int]]] = []
    var open = empty
    var tokens = 0
    for slot in generator.permutation(prompts.count) {
      let groups = byPrompt[prompts[slot]] ?? empty
      let added = Set(groups.indices.flatMap { index in globalTexts(index, groups[index]) })
        .reduce(0) { $0 + cache.tokenCount(of: $1) }
      let size = zip(open, groups).map { $0.count + $1.count }.max() ?? 0
      let isFull = size > trainer.configuration.pairCountMax
      if tokens > 0 && (isFull || tokens + added > trainer.configuration.tokenCountMax) {
        batches.append(open)
        open = empty
        tokens = 0
      }
      for index in groups.indices { open[index] += groups[index] }
      tokens += added
    }
    if tokens > 0 { batches.append(open) }
    return batches.map { batch in
      batch.enumerated().map { PairBatch(corpus.datasets[$0], pairs: $1) }
    }
  }

  private func globalTexts(_ index: Int, _ pairs: [Int]) -> [Int] {
    pairs.flatMap { pair in
      let entry = corpus.datasets[index].pairs[pair]
      return [corpus.texts[index][entry.first], corpus.texts[index][entry.second]]
    }
  }

  /// Trains the common epochs; false after a cancellation.
  mutating func train(
    _ cache: TrunkCache,
    _ meter: inout WorkMeter,
    _ state: inout PreferenceProgress,
    _ isCancelled: () -> Bool,
    _ progress: (PreferenceProgress) -> Void
  ) throws(PreferenceError) -> Bool {
    var generator = trainer.generator(4, principle: "")
    let epochs = (0..<trainer.configuration.sharedEpochCount).map { _ in deal(cache, &generator) }
    let stepCount = epochs.reduce(0) { $0 + $1.count }
    let schedule = trainer.schedule(stepCount: stepCount)
    let layers = trainer.model.configuration.layerCount - adapter.firstLayer
    state.phase = .sharedTraining
    state.principle = ""
    state.step = 0
    state.stepCount = stepCount
    meter.beginPhase()
    for batch in epochs.joined() {
      if isCancelled() { return false }
      let rate = schedule.learningRate(step: state.step)
      let (loss, tokens) = try step(batch, cache, learningRate: rate, state.step)
      meter.add(work: Double(3 * tokens * layers), tokens: tokens)
      state.step += 1
      state.loss = loss
      state.tokensPerSecond = meter.tokensPerSecond
      state.secondsLeft = meter.secondsLeft
      progress(state)
    }
    return true
  }

  /// One update; returns the mean loss over principles before it and the tokens it ran.
  private mutating func step(
    _ batches: [PairBatch],
    _ cache: TrunkCache,
    learningRate: Double,
    _ step: Int
  ) throws(PreferenceError) -> (loss: Double, tokenCount: Int) {
    let model = trainer.model
    let texts = Set(batches.enumerated().flatMap { globalTexts($0, $1.pairs) }).sorted()
    let place = Dictionary(uniqueKeysWithValues: texts.enumerated().map { ($1, $0) })
    let (packed, hidden) = cache.batch(texts)
    let pass = model.top(
      hidden,
      packed,
      from: adapter.firstLayer,
      adapter: adapter,
      rows: packed.lastRows,
      record: true
    )
    var hiddenGradient = Matrix(rows: pass.hidden.rows, columns: pass.hidden.columns)
    var total = 0.0
    var headGradients: [ParameterSet] = []
    let share = 1 / Float(batches.count)
    for (index, batch) in batches.enumerated() {
      let rows = batch.texts.map { place[corpus.texts[index][$0]] ?? 0 }
      let scores = heads[index].forward(pass.hidden)
      let (loss, slopes) = trainer.configuration.loss.evaluate(
        scores: rows.map { scores[$0] },
        batch: batch,
        dataset: corpus.datasets[index]
      )
      var all = [Float](repeating: 0, count: scores.count)
      for (row, slope) in zip(rows, slopes) { all[row] = slope }
      var (headGradient, part) = heads[index].backward(all, hidden: pass.hidden)
      headGradient.set(ScalarHead.biasName, Matrix(rows: 1, columns: 1))
      headGradients.append(headGradient)
      hiddenGradient.add(part, scale: share)
      total += loss / Double(batches.count)
    }
    var gradients = model.topBackward(pass, gradient: hiddenGradient).adapter
    let norm = gradients.clipNorm(to: trainer.configuration.gradientNormMax)
    guard total.isFinite, norm.isFinite else {
      throw .nonFiniteTraining(principle: "all", step: step)
    }
    optimiser.update(&adapter.parameters, gradients: gradients, learningRate: learningRate)
    let headRate = learningRate * trainer.configuration.headLearningRateFactor
    for index in heads.indices {
      headGradients[index].clipNorm(to: trainer.configuration.gradientNormMax)
      headOptimisers[index].update(
        &heads[index].parameters,
        gradients: headGradients[index],
        learningRate: headRate
      )
    }
    return (total, packed.tokenCount)
  }
}
