package import LanguageModels

/// One sampled answer.
package struct PolicyCompletion: Sendable, Equatable {
  /// The answer's tokens, with the end token if the policy produced one; never empty.
  package let tokens: [Int32]
  /// (tokens) the sampler's own log-probabilities, used for the gap metric only.
  package let logProbabilities: [Float]
  /// Whether the policy ended the answer itself.
  package let isFinished: Bool

  /// Creates a completion.
  package init(tokens: [Int32], logProbabilities: [Float], isFinished: Bool) {
    self.tokens = tokens
    self.logProbabilities = logProbabilities
    self.isFinished = isFinished
  }
}

/// What is to be sampled.
package struct PolicySamplingRequest: Sendable {
  /// The prompts' tokens.
  package let prompts: [[Int32]]
  /// Answers to each of them.
  package let samplesPerPrompt: Int
  /// The policy; nil for the base model.
  package let adapter: LowRankAdapter?
  /// Sampling temperature; the distribution is never truncated (no top-k, no top-p).
  package let temperature: Float
  /// Most new tokens an answer.
  package let newTokenCountMax: Int
  /// Tokens that end an answer.
  package let stopTokens: [Int32]
  /// Seed of this request alone.
  package let seed: UInt64

  /// Creates a request.
  package init(
    prompts: [[Int32]],
    samplesPerPrompt: Int,
    adapter: LowRankAdapter?,
    temperature: Float,
    newTokenCountMax: Int,
    stopTokens: [Int32],
    seed: UInt64
  ) {
    self.prompts = prompts
    self.samplesPerPrompt = samplesPerPrompt
    self.adapter = adapter
    self.temperature = temperature
    self.newTokenCountMax = newTokenCountMax
    self.stopTokens = stopTokens
    self.seed = seed
  }
}

/// Samples answers from a policy.
package protocol PolicySampler: Sendable {
  /// Samples; blocks the calling thread.
  ///
  /// - Parameters:
  ///   - request: what to sample.
  ///   - isCancelled: asked now and then.
  ///   - progress: told how many tokens there are so far.
  /// - Returns: answers in order of prompts, `samplesPerPrompt` next to each other.
  /// - Throws: any error; the trainer's step then leaves no trace.
  func sample(
    _ request: PolicySamplingRequest,
    isCancelled: @escaping @Sendable () -> Bool,
    progress: @escaping @Sendable (_ tokens: Int) -> Void
  ) throws -> [PolicyCompletion]
}
