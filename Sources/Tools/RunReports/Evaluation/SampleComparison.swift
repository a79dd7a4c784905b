package import JSON

/// An answer of each side to one held-out prompt, measured: one line of `samples.jsonl`.
///
/// These lines are all that the summary's evaluation figures are computed from, so that anyone can
/// compute them again.
package struct SampleComparison: Sendable, Equatable {
  /// One answer.
  package struct Answer: Sendable, Equatable {
    /// The answer.
    package var text: String
    /// Tokens that were sampled, the end token included.
    package var tokens: Int
    /// "end", "stop" or "length".
    package var finishReason: String
    /// The judge's measure by principle, 0 to 1, in the order of the recipe.
    package var measures: [Double]
    /// Log-probability under the untouched model, nats, and the tokens it was taken over.
    package var baseLogProbability: Double
    /// The same under the tuned policy.
    package var tunedLogProbability: Double
    /// Tokens that the log-probabilities are sums over.
    package var scoredTokens: Int

    /// Puts the parts together.
    package init(
      text: String,
      tokens: Int,
      finishReason: String,
      measures: [Double],
      baseLogProbability: Double,
      tunedLogProbability: Double,
      scoredTokens: Int
    ) {
      self.text = text
      self.tokens = tokens
      self.finishReason = finishReason
      self.measures = measures
      self.baseLogProbability = baseLogProbability
      self.tunedLogProbability = tunedLogProbability
      self.scoredTokens = scoredTokens
    }
  }

  /// The prompt's id.
  package var promptID: String
  /// The prompt.
  package var prompt: String
  /// 0 to samples a prompt - 1.
  package var sampleIndex: Int
  /// Names of the measures.
  package var principleIDs: [String]
  /// log p(tuned) - log p(base) of the tuned answer, nats, both at the temperature that it was
  /// sampled with and over its end token too.
  package var logRatio: Double
  /// The base model's answer.
  package var base: Answer
  /// The tuned policy's answer.
  package var tuned: Answer

  /// Puts the parts together.
  package init(
    promptID: String,
    prompt: String,
    sampleIndex: Int,
    principleIDs: [String],
    logRatio: Double,
    base: Answer,
    tuned: Answer
  ) {
    self.promptID = promptID
    self.prompt = prompt
    self.sampleIndex = sampleIndex
    self.principleIDs = principleIDs
    self.logRatio = logRatio
    self.base = base
    self.tuned = tuned
  }
}

extension SampleComparison {
  /// The line of `samples.jsonl`.
  package var json: JSONValue {
    [
      "prompt_id": .string(promptID), "prompt": .string(prompt),
      "sample_index": .integer(sampleIndex), "log_ratio": .number(logRatio),
      "base": Self.json(base, principleIDs), "tuned": Self.json(tuned, principleIDs),
    ]
  }

  /// Reads a line; nil when a member is missing or of another kind.
  package init?(json: JSONValue) {
    guard let promptID = json["prompt_id"]?.text, let prompt = json["prompt"]?.text,
      let sampleIndex = json["sample_index"]?.whole,
      let principleIDs = json["base"]?["measures"]?.members?.map(\.name),
      let base = json["base"].flatMap({ Self.answer($0, principleIDs) }),
      let tuned = json["tuned"].flatMap({ Self.answer($0, principleIDs) })
    else { return nil }
    self.init(
      promptID: promptID,
      prompt: prompt,
      sampleIndex: sampleIndex,
      principleIDs: principleIDs,
      // Earlier runs knew the ratio at temperature one only.
      logRatio: json["log_ratio"]?.double ?? tuned.tunedLogProbability - tuned.baseLogProbability,
      base: base,
      tuned: tuned
    )
  }

  private static func json(_ answer: Answer, _ principleIDs: [String]) -> JSONValue {
    let measures = zip(principleIDs, answer.measures).map { JSONMember($0, .number($1)) }
    return [
      "text": .string(answer.text), "tokens": .integer(answer.tokens),
      "finish_reason": .string(answer.finishReason), "measures": .object(measures),
      "base_logprob": .number(answer.baseLogProbability),
      "tuned_logprob": .number(answer.tunedLogProbability),
      "scored_tokens": .integer(answer.scoredTokens),
    ]
  }

  private static func answer(_ json: JSONValue, _ principleIDs: [String]) -> Answer? {
    let measures = principleIDs.compactMap { json["measures"]?[$0]?.double }
    guard let text = json["text"]?.text, let tokens = json["tokens"]?.whole,
      let finishReason = json["finish_reason"]?.text, measures.count == principleIDs.count,
      let base = json["base_logprob"]?.double, let tuned = json["tuned_logprob"]?.double,
      let scored = json["scored_tokens"]?.whole
    else { return nil }
    return Answer(
      text: text,
      tokens: tokens,
      finishReason: finishReason,
      measures: measures,
      baseLogProbability: base,
      tunedLogProbability: tuned,
      scoredTokens: scored
    )
  }
}
