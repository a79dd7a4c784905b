/// Labelled pairs over a table of unique texts, so that each answer is computed once.
package struct PreferenceDataset: Sendable, Equatable {
  /// A prompt with one answer to it.
  package struct Text: Sendable, Hashable {
    /// The prompt, without any template.
    package let prompt: String
    /// The answer.
    package let response: String
  }

  /// One judgement between two entries of `texts`.
  package struct Pair: Sendable, Equatable {
    /// Index of the first answer's text.
    package let first: Int
    /// Index of the second answer's text.
    package let second: Int
    /// Index of the prompt among `prompts`.
    package let prompt: Int
    /// Probability that the first answer is better.
    package let target: Double
    /// The judge's margin in nats.
    package let margin: Double

    /// Whether the judge saw no difference.
    package var isTie: Bool { target == 0.5 }
  }

  /// The unique texts, in order of first occurrence.
  package let texts: [Text]
  /// The pairs, in the order given.
  package let pairs: [Pair]
  /// The unique prompts, in order of first occurrence.
  package let prompts: [String]

  /// Builds the table.
  ///
  /// - Throws: `PreferenceError` for a target outside zero to one, a margin below zero or not finite,
  ///   and for no pairs at all.
  package init(_ labelled: [LabelledPair]) throws(PreferenceError) {
    guard !labelled.isEmpty else { throw .noPairs }
    var texts: [Text] = []
    var prompts: [String] = []
    var textIndex: [Text: Int] = [:]
    var promptIndex: [String: Int] = [:]
    var pairs: [Pair] = []
    func index(of text: Text) -> Int {
      if let known = textIndex[text] { return known }
      texts.append(text)
      textIndex[text] = texts.count - 1
      return texts.count - 1
    }
    for (position, pair) in labelled.enumerated() {
      guard pair.target >= 0, pair.target <= 1 else {
        throw .invalidTarget(pair: position, value: pair.target)
      }
      guard pair.margin >= 0, pair.margin.isFinite else {
        throw .invalidMargin(pair: position, value: pair.margin)
      }
      // Equal answers cannot be told apart, whatever the label says.
      if pair.first == pair.second { continue }
      if promptIndex[pair.prompt] == nil {
        promptIndex[pair.prompt] = prompts.count
        prompts.append(pair.prompt)
      }
      pairs.append(
        Pair(
          first: index(of: Text(prompt: pair.prompt, response: pair.first)),
          second: index(of: Text(prompt: pair.prompt, response: pair.second)),
          prompt: promptIndex[pair.prompt] ?? 0,
          target: pair.target,
          margin: pair.margin
        )
      )
    }
    guard !pairs.isEmpty else { throw .noPairs }
    self.texts = texts
    self.pairs = pairs
    self.prompts = prompts
  }
}
