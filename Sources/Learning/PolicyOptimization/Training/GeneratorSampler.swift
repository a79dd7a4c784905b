package import LanguageModels

/// Samples with the model's own generator: the adapter merged into the weights, batches kept full.
package struct GeneratorSampler: PolicySampler {
  /// The base model.
  package let model: LanguageModel
  /// Most answers drawn at one time.
  package let batchMax: Int

  /// Creates a sampler.
  package init(model: LanguageModel, batchMax: Int = 64) {
    self.model = model
    self.batchMax = batchMax
  }

  /// Samples the answers of a step, prompt by prompt.
  package func sample(
    _ request: PolicySamplingRequest,
    isCancelled: @escaping @Sendable () -> Bool,
    progress: @escaping @Sendable (Int) -> Void
  ) throws -> [PolicyCompletion] {
    // Nothing is truncated: cutting the distribution would bias the KL (PEERS 4 item 10).
    let options = SamplingOptions(
      temperature: Double(request.temperature),
      topK: 0,
      topP: 1,
      maxNewTokens: request.newTokenCountMax,
      stopTokenIDs: Set(request.stopTokens)
    )
    let completions = try Generator(model, adapter: request.adapter, batchMax: batchMax).generate(
      prompts: request.prompts,
      samplesPerPrompt: request.samplesPerPrompt,
      options: options,
      seed: request.seed,
      isCancelled: isCancelled,
      progress: { progress($0.tokenCount) }
    )
    return completions.map { completion in
      PolicyCompletion(
        tokens: completion.tokens,
        logProbabilities: completion.logProbabilities,
        isFinished: completion.finishReason == .stopToken
      )
    }
  }
}
