internal import Synchronization
internal import Tensors

/// Draws answers from a model in batches that stay full until the work runs out.
///
/// Samples of one prompt share its keys and values; finished answers leave the batch at once and
/// waiting ones take their place. Each answer has its own stream of random numbers and each row of
/// a product its own bits, so an answer does not depend on what is drawn beside it.
package struct Generator: Sendable {
  private let model: LanguageModel
  private let adapter: PackedAdapter?
  private let batchMax: Int

  /// Positions in one segment of an answer's keys and values.
  private static let segmentPositions = 64
  /// Prompt tokens that are run through the model at one time.
  private static let prefillTokensMax = 4096

  /// Makes a generator.
  ///
  /// - Parameters:
  ///   - model: draws the tokens.
  ///   - adapter: applied beside the weights that it extends.
  ///   - batchMax: the most answers drawn at one time.
  package init(_ model: LanguageModel, adapter: LowRankAdapter? = nil, batchMax: Int = 64) {
    self.model = model
    self.adapter = adapter.map { PackedAdapter($0, model) }
    self.batchMax = max(1, batchMax)
  }

  /// Draws answers.
  ///
  /// - Parameters:
  ///   - prompts: token sequences.
  ///   - samplesPerPrompt: how many answers each prompt gets.
  ///   - options: how tokens are drawn.
  ///   - seed: together with a prompt's and an answer's place it fixes the random numbers.
  ///   - isStopped: asked after each token, with the answer so far, whether it ends here.
  ///   - isCancelled: asked before each step whether to give up.
  ///   - progress: told after each step.
  /// - Returns: The answers, prompt by prompt, `samplesPerPrompt` each.
  /// - Throws: `LanguageModelError` for a prompt the model cannot read, or when cancelled.
  package func generate(
    prompts: [[Int32]],
    samplesPerPrompt: Int = 1,
    options: SamplingOptions,
    seed: UInt64,
    isStopped: ((_ tokens: [Int32]) -> Bool)? = nil,
    isCancelled: () -> Bool = { false },
    progress: (GenerationProgress) -> Void = { _ in }
  ) throws(LanguageModelError) -> [Completion] {
    try PackedBatch(prompts).check(for: model.configuration)
    let context = model.configuration.contextLength
    for (index, prompt) in prompts.enumerated() where prompt.count >= context {
      throw .sequenceTooLong(
        sequence: index,
        tokenCount: prompt.count + 1,
        contextLength: context
      )
    }
    guard samplesPerPrompt > 0, options.maxNewTokens > 0, !prompts.isEmpty else { return [] }
    var run = Run(
      model: model,
      adapter: adapter,
      prompts: prompts,
      samplesPerPrompt: samplesPerPrompt,
      options: options,
      seed: seed,
      batchMax: batchMax
    )
    while !run.isDone {
      if isCancelled() { throw .cancelled }
      run.step(isStopped)
      progress(run.progress)
    }
    return run.completions.compactMap { $0 }
  }

  /// The state of one call of `generate`.
  private struct Run {
    let model: LanguageModel
    let adapter: PackedAdapter?
    let prompts: [[Int32]]
    let samplesPerPrompt: Int
    let options: SamplingOptions
    let seed: UInt64
    let batchMax: Int
    let memory: DecodeMemory
    var completions: [Completion?]
    var live: [LiveSequence] = []
    var next = 0
    var caches: [Int: PromptCache] = [:]
    var spareSegments: [KeyValueSegment] = []
    var finished = 0
    var tokenCount = 0

    init(
      model: LanguageModel,
      adapter: PackedAdapter?,
      prompts: [[Int32]],
      samplesPerPrompt: Int,
      options: SamplingOptions,
      seed: UInt64,
      batchMax: Int
    ) {
      self.model = model
      self.adapter = adapter
      self.prompts = prompts
      self.samplesPerPrompt = samplesPerPrompt
      self.options = options
      self.seed = seed
      let total = prompts.count * samplesPerPrompt
      self.batchMax = min(batchMax, total)
      memory = DecodeMemory(
        rows: self.batchMax,
        rank: adapter?.adapter.configuration.rank ?? 0,
        model.configuration
      )
      completions = Array(repeating: nil, count: total)
    }

    var isDone: Bool { finished == completions.count }

    var progress: GenerationProgress {
      GenerationProgress(finished: finished, total: completions.count, tokenCount: tokenCount)
    }

    /// Draws one token for every live answer, or the first token of answers that join.
    mutating func step(_ isStopped: (([Int32]) -> Bool)?) {
      let room = batchMax - live.count
      // Prompts are run a few at a time, which is faster than one by one.
      if next < completions.count && (live.isEmpty || room >= max(1, batchMax / 8)) {
        admit(room, isStopped)
        return
      }
      for index in live.indices { reservePosition(index) }
      let hidden = model.decode(live, adapter, memory)
      live = draw(live, hidden: hidden, isStopped)
      retire()
    }

    /// Takes waiting answers into the batch and draws their first tokens.
    private mutating func admit(_ room: Int, _ isStopped: (([Int32]) -> Bool)?) {
      var joining: [(prompt: Int, sample: Int)] = []
      var missing: [Int] = []
      var promptTokens = 0
      while joining.count < room && next < completions.count {
        let prompt = next / samplesPerPrompt
        if caches[prompt] == nil && missing.last != prompt {
          if !missing.isEmpty && promptTokens + prompts[prompt].count > prefillTokensMax { break }
          missing.append(prompt)
          promptTokens += prompts[prompt].count
        }
        joining.append((prompt, next % samplesPerPrompt))
        next += 1
      }
      let filled = model.prefill(missing.map { prompts[$0] }, adapter: adapter)
      for (prompt, cache) in zip(missing, filled) { caches[prompt] = cache }
      var fresh: [LiveSequence] = []
      let hidden = memory.hidden.rows(0..<joining.count)
      for (prompt, sample) in joining {
        guard let cache = caches[prompt] else { continue }
        hidden.rows(fresh.count..<fresh.count + 1).copy(from: cache.lastHidden)
        let context = model.configuration.contextLength
        fresh.append(
          LiveSequence(
            promptIndex: prompt,
            sampleIndex: sample,
            prompt: cache,
            tokensMax: min(options.maxNewTokens, context - prompts[prompt].count),
            generator: SeededGenerator(seed: seed, streams: UInt64(prompt), UInt64(sample))
          )
        )
        // The last sample takes the prompt's cache with it.
        if sample == samplesPerPrompt - 1 { caches[prompt] = nil }
      }
      live += draw(fresh, hidden: hidden, isStopped)
      retire()
    }

    private var prefillTokensMax: Int { Generator.prefillTokensMax }

    /// Draws the next token of each sequence from its hidden state.
    private mutating func draw(
      _ before: [LiveSequence],
      hidden: Tile,
      _ isStopped: (([Int32]) -> Bool)?
    ) -> [LiveSequence] {
      var sequences = before
      let count = sequences.count
      let logits = memory.logits.rows(0..<count)
      model.head.multiply(hidden.rows(0..<count), into: logits)
      let sampler = CategoricalSampler(
        temperature: options.temperature,
        topK: options.topK,
        topP: options.topP
      )
      let generators = Mutex(sequences.map(\.generator))
      let draws = Mutex([CategoricalSampler.Draw?](repeating: nil, count: count))
      Threads.forEach(count) { row in
        var generator = generators.withLock { $0[row] }
        let draw = sampler.draw(logits.rows(row..<row + 1), using: &generator)
        generators.withLock { $0[row] = generator }
        draws.withLock { $0[row] = draw }
      }
      let results = draws.withLock { $0 }
      for (row, generator) in generators.withLock({ $0 }).enumerated() {
        guard let draw = results[row] else { continue }
        let token = Int32(truncatingIfNeeded: draw.token)
        sequences[row].generator = generator
        sequences[row].tokens.append(token)
        sequences[row].logProbabilities.append(draw.logProbability)
        sequences[row].finishReason = finishReason(sequences[row], token, isStopped)
      }
      tokenCount += count
      return sequences
    }

    private func finishReason(
      _ sequence: LiveSequence,
      _ token: Int32,
      _ isStopped: (([Int32]) -> Bool)?
    ) -> FinishReason? {
      if options.stopTokenIDs.contains(token) { return .stopToken }
      if let isStopped, isStopped(sequence.tokens) { return .stopText }
      return sequence.tokens.count >= sequence.tokensMax ? .length : nil
    }

    /// Makes room for the key and value of the token about to be fed in.
    private mutating func reservePosition(_ index: Int) {
      if live[index].segments.last.map(\.isFull) ?? true {
        let segment =
          spareSegments.popLast() ?? model.makeSegment(positions: Generator.segmentPositions)
        live[index].segments.append(segment)
      }
      live[index].segments.last?.reserve(1)
    }

    /// Moves finished answers out of the batch.
    private mutating func retire() {
      for sequence in live {
        guard let completion = sequence.completion else { continue }
        completions[sequence.promptIndex * samplesPerPrompt + sequence.sampleIndex] = completion
        finished += 1
        for segment in sequence.segments {
          segment.reset()
          spareSegments.append(segment)
        }
      }
      live.removeAll { $0.finishReason != nil }
    }
  }
}
