/// How answers are drawn.
package struct SamplingOptions: Sendable, Equatable {
  /// Divides the logits; 0 always takes the most likely token.
  package var temperature: Double
  /// Keeps only this many most likely tokens; 0 keeps all.
  package var topK: Int
  /// Keeps the fewest most likely tokens with at least this probability together; 1 keeps all.
  package var topP: Double
  /// The longest answer, in tokens.
  package var maxNewTokens: Int
  /// Tokens that end an answer; the token itself belongs to the answer.
  package var stopTokenIDs: Set<Int32>

  /// Makes options.
  ///
  /// PPO samples with all tokens kept, else its KL is wrong (PEERS 4, item 10).
  package init(
    temperature: Double = 1,
    topK: Int = 0,
    topP: Double = 1,
    maxNewTokens: Int = 64,
    stopTokenIDs: Set<Int32> = []
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.maxNewTokens = maxNewTokens
    self.stopTokenIDs = stopTokenIDs
  }
}

/// Why an answer ended.
package enum FinishReason: String, Sendable, Equatable, CaseIterable {
  /// A stop token was drawn.
  case stopToken
  /// The caller's check for stop texts said so.
  case stopText
  /// The answer reached its greatest length, or the model's context ended.
  case length
}

/// One answer.
package struct Completion: Sendable, Equatable {
  /// Which prompt it answers.
  package let promptIndex: Int
  /// Which of the prompt's answers it is.
  package let sampleIndex: Int
  /// The answer's tokens, the stop token included where one ended it.
  package let tokens: [Int32]
  /// Each token's log-probability under the model at the sampling temperature (at 1 when that is
  /// 0), before `topK` and `topP`.
  package let logProbabilities: [Float]
  /// Why it ended.
  package let finishReason: FinishReason

  /// Puts an answer together.
  package init(
    promptIndex: Int,
    sampleIndex: Int,
    tokens: [Int32],
    logProbabilities: [Float],
    finishReason: FinishReason
  ) {
    self.promptIndex = promptIndex
    self.sampleIndex = sampleIndex
    self.tokens = tokens
    self.logProbabilities = logProbabilities
    self.finishReason = finishReason
  }
}

/// How far a generation is.
package struct GenerationProgress: Sendable, Equatable {
  /// Answers that are finished.
  package let finished: Int
  /// Answers in all.
  package let total: Int
  /// Tokens drawn so far.
  package let tokenCount: Int

  /// Puts a report together.
  package init(finished: Int, total: Int, tokenCount: Int) {
    self.finished = finished
    self.total = total
    self.tokenCount = tokenCount
  }
}
