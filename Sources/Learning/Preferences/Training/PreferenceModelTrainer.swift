package import LanguageModels
internal import Tensors

/// One principle's labels.
package struct PreferenceTask: Sendable {
  /// The principle's id.
  package let principle: String
  /// Its labelled pairs.
  package let pairs: [LabelledPair]

  /// Creates a task.
  package init(principle: String, pairs: [LabelledPair]) {
    self.principle = principle
    self.pairs = pairs
  }
}

/// How a training ended.
package enum PreferenceTrainingOutcome: Sendable {
  /// All principles were trained, in the order given.
  case finished([PreferenceModelArtifact])
  /// The caller asked to stop; these principles were finished before.
  case cancelled([PreferenceModelArtifact])
}

/// Trains one adapter and head per principle on one base model.
///
/// The frozen layers run once over the texts of all principles; each epoch of each principle then
/// runs the top layers only. Given a seed and a thread count the result is the same bit for bit.
package struct PreferenceModelTrainer: Sendable {
  /// The base model.
  package let model: LanguageModel
  /// The text form, the same as in serving.
  package let encoder: any PreferenceTextEncoding
  /// How to train.
  package let configuration: PreferenceTrainingConfiguration
  /// Id of the base model, for provenance.
  package let baseModel: String
  /// Hash of the base model, for provenance.
  package let baseModelHash: String

  /// Creates a trainer.
  ///
  /// - Throws: `PreferenceError.invalidConfiguration`.
  package init(
    model: LanguageModel,
    encoder: any PreferenceTextEncoding,
    configuration: PreferenceTrainingConfiguration,
    baseModel: String,
    baseModelHash: String
  ) throws(PreferenceError) {
    try configuration.check()
    self.model = model
    self.encoder = encoder
    self.configuration = configuration
    self.baseModel = baseModel
    self.baseModelHash = baseModelHash
  }

  /// Trains the principles one after the other; blocks the calling thread.
  ///
  /// - Parameters:
  ///   - tasks: labels by principle.
  ///   - heldOutPrompts: prompts to hold out; nil to draw `heldOutShare` of each task's prompts.
  ///   - now: the clock.
  ///   - isCancelled: asked between steps.
  ///   - progress: called after every step.
  /// - Returns: the models, or those finished before a cancellation.
  /// - Throws: `PreferenceError` when labels or texts are refused or training diverges.
  package func train(
    _ tasks: [PreferenceTask],
    heldOutPrompts: Set<String>? = nil,
    now: @escaping @Sendable () -> Duration,
    isCancelled: () -> Bool = { Task.isCancelled },
    progress: (PreferenceProgress) -> Void = { _ in }
  ) throws(PreferenceError) -> PreferenceTrainingOutcome {
    let corpus = try PreferenceCorpus(tasks, encoder: encoder, model: model)
    let first = configuration.adapter.firstLayer(of: model.configuration.layerCount)
    var cache = TrunkCache(
      model: model,
      layerCount: first,
      sequences: corpus.sequences,
      byteCountMax: configuration.cacheByteCountMax
    )
    var meter = WorkMeter(total: work(corpus, cache, first: first), now: now)
    var state = PreferenceProgress(
      phase: .trunk,
      principle: "",
      finishedCount: 0,
      principleCount: tasks.count,
      step: 0,
      stepCount: 0,
      loss: nil,
      tokensPerSecond: 0,
      secondsLeft: 0
    )
    cache.fill(tokenCountMax: configuration.tokenCountMax) { tokens in
      meter.add(work: Double(tokens * first), tokens: tokens)
      state.tokensPerSecond = meter.tokensPerSecond
      state.secondsLeft = meter.secondsLeft
      progress(state)
      return !isCancelled()
    }
    if isCancelled() { return .cancelled([]) }
    let splits = try splits(corpus, heldOutPrompts)
    var shared = SharedPreferenceTraining(
      trainer: self,
      corpus: corpus,
      splits: splits,
      principles: tasks.map(\.principle),
      cache: cache
    )
    guard try shared.train(cache, &meter, &state, isCancelled, progress) else {
      return .cancelled([])
    }
    var artifacts: [PreferenceModelArtifact] = []
    for (index, task) in tasks.enumerated() {
      if isCancelled() { return .cancelled(artifacts) }
      var run = PreferenceTrainingRun(
        trainer: self,
        principle: task.principle,
        dataset: corpus.datasets[index],
        texts: corpus.texts[index],
        answerTokenCounts: corpus.texts[index].map { corpus.answerTokenCounts[$0] },
        split: splits[index],
        adapter: shared.adapter,
        head: shared.heads[index]
      )
      state.principle = task.principle
      let artifact = try run.train(cache, &meter, &state, isCancelled, progress)
      guard let artifact else { return .cancelled(artifacts) }
      artifacts.append(artifact)
      state.finishedCount = artifacts.count
    }
    return .finished(artifacts)
  }

  /// The generator of one purpose and principle; principles do not depend on each other's order.
  func generator(_ purpose: UInt64, principle: String) -> SeededGenerator {
    var stream: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in principle.utf8 { stream = (stream ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return SeededGenerator(seed: configuration.seed, streams: purpose, stream)
  }

  /// The learning rate over so many steps.
  func schedule(stepCount: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      .cosine,
      peak: configuration.learningRate,
      warmupStepCount: Int((Double(stepCount) * configuration.warmupShare).rounded(.up)),
      totalStepCount: stepCount
    )
  }

  /// Holds out the same prompts for all principles, so that a shared adapter has seen none of them.
  private func splits(
    _ corpus: PreferenceCorpus,
    _ given: Set<String>?
  ) throws(PreferenceError) -> [HeldOutSplit] {
    var heldOut = given ?? []
    if given == nil && configuration.heldOutShare > 0 {
      let prompts = Set(corpus.datasets.flatMap(\.prompts)).sorted()
      var generator = SeededGenerator(seed: configuration.seed, streams: 1)
      let wanted = Int((Double(prompts.count) * configuration.heldOutShare).rounded())
      let count = min(max(wanted, 1), prompts.count - 1)
      heldOut = Set(generator.permutation(prompts.count).prefix(count).map { prompts[$0] })
    }
    var splits: [HeldOutSplit] = []
    for dataset in corpus.datasets {
      let split = HeldOutSplit(dataset, heldOutPrompts: heldOut)
      guard split.training.contains(where: { !dataset.pairs[$0].isTie }) else {
        throw .emptySplit(side: "training")
      }
      if !heldOut.isEmpty, !split.heldOut.contains(where: { !dataset.pairs[$0].isTie }) {
        throw .emptySplit(side: "held-out")
      }
      splits.append(split)
    }
    return splits
  }

  /// Tokens times layers of the whole training, a backward pass counted twice.
  private func work(_ corpus: PreferenceCorpus, _ cache: TrunkCache, first: Int) -> Double {
    let top = model.configuration.layerCount - first
    // The frozen layers, the base model's states, and the common epochs.
    var total = Double(cache.tokenCount * first)
    if !configuration.headRidges.isEmpty { total += Double(cache.tokenCount * top) }
    total += Double(cache.tokenCount * top * 3 * configuration.sharedEpochCount)
    for texts in corpus.texts {
      let tokens = texts.reduce(0) { $0 + cache.tokenCount(of: $1) }
      total += Double(tokens * top * (3 * configuration.epochCount + 1))
    }
    return total
  }
}

/// The texts of all principles, each once, with the datasets that point into them.
struct PreferenceCorpus {
  let datasets: [PreferenceDataset]
  /// For each dataset, the place of each of its texts among `sequences`.
  let texts: [[Int]]
  /// The tokens of each unique text.
  let sequences: [[Int32]]
  /// How many of them are the answer's own.
  let answerTokenCounts: [Int]

  init(
    _ tasks: [PreferenceTask],
    encoder: any PreferenceTextEncoding,
    model: LanguageModel
  ) throws(PreferenceError) {
    var datasets: [PreferenceDataset] = []
    var texts: [[Int]] = []
    var sequences: [[Int32]] = []
    var answerTokenCounts: [Int] = []
    var place: [PreferenceDataset.Text: Int] = [:]
    for task in tasks {
      let dataset = try PreferenceDataset(task.pairs)
      var places: [Int] = []
      for text in dataset.texts {
        if let known = place[text] {
          places.append(known)
          continue
        }
        let tokens = try encoder.tokens(prompt: text.prompt, response: text.response)
        guard tokens.count <= model.configuration.contextLength else {
          throw .textTooLong(tokens: tokens.count, limit: model.configuration.contextLength)
        }
        place[text] = sequences.count
        places.append(sequences.count)
        sequences.append(tokens)
        answerTokenCounts.append(encoder.answerTokenCount(text.response))
      }
      datasets.append(dataset)
      texts.append(places)
    }
    self.datasets = datasets
    self.texts = texts
    self.sequences = sequences
    self.answerTokenCounts = answerTokenCounts
  }
}
