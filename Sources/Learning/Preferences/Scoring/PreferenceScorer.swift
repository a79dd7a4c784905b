package import LanguageModels
internal import Tensors

/// A prompt with an answer to be scored.
package struct PreferenceText: Sendable, Hashable {
  /// The prompt as the user wrote it.
  package let prompt: String
  /// The answer.
  package let response: String

  /// Creates a text.
  package init(prompt: String, response: String) {
    self.prompt = prompt
    self.response = response
  }
}

/// Scores of texts on principles.
package struct PreferenceScores: Sendable, Equatable {
  /// The columns.
  package let principles: [String]
  /// Raw scores, texts × principles, row-major.
  package let raw: [Double]
  /// The same after each model's frozen normaliser, in standard deviations.
  package let normalised: [Double]
}

/// Scores texts with several preference models that share one base model.
///
/// One pass through the frozen layers serves all principles; each adapter then runs the top layers,
/// the last of them on the last token only. A text that occurs twice is computed once.
package struct PreferenceScorer: Sendable {
  /// The base model.
  package let model: LanguageModel
  /// The text form, the same as in training.
  package let encoder: any PreferenceTextEncoding
  /// The preference models by order of installation.
  package let artifacts: [PreferenceModelArtifact]
  /// Most tokens computed at once.
  package let tokenCountMax: Int

  /// Creates a scorer.
  package init(
    model: LanguageModel,
    encoder: any PreferenceTextEncoding,
    artifacts: [PreferenceModelArtifact],
    tokenCountMax: Int = 4096
  ) {
    self.model = model
    self.encoder = encoder
    self.artifacts = artifacts
    self.tokenCountMax = tokenCountMax
  }

  /// Scores texts; blocks the calling thread.
  ///
  /// - Parameters:
  ///   - texts: what to score.
  ///   - principles: the wanted columns in order; nil for all.
  /// - Returns: raw and normalised scores; rows in the order of the texts.
  /// - Throws: `PreferenceError` for an unknown principle or a text that is too long.
  package func score(
    _ texts: [PreferenceText],
    principles: [String]? = nil
  ) throws(PreferenceError) -> PreferenceScores {
    let chosen = try choose(principles)
    var sequences: [[Int32]] = []
    var places: [Int] = []
    var known: [[Int32]: Int] = [:]
    for text in texts {
      let tokens = try encoder.tokens(prompt: text.prompt, response: text.response)
      guard tokens.count <= model.configuration.contextLength else {
        throw .textTooLong(tokens: tokens.count, limit: model.configuration.contextLength)
      }
      if let place = known[tokens] {
        places.append(place)
      } else {
        known[tokens] = sequences.count
        places.append(sequences.count)
        sequences.append(tokens)
      }
    }
    var unique: [[Float]] = []
    var start = 0
    while start < sequences.count {
      var end = start
      var tokens = 0
      while end < sequences.count, end == start || tokens + sequences[end].count <= tokenCountMax {
        tokens += sequences[end].count
        end += 1
      }
      unique += score(PackedBatch(sharingPrefixesOf: Array(sequences[start..<end])), chosen)
      start = end
    }
    let raw = places.flatMap { unique[$0].map { Double($0) } }
    let normalised = raw.enumerated().map { index, score in
      let normaliser = chosen[index % chosen.count].normaliser
      return (score - normaliser.mean) / normaliser.standardDeviation
    }
    return PreferenceScores(principles: chosen.map(\.principle), raw: raw, normalised: normalised)
  }

  private func choose(_ principles: [String]?) throws(PreferenceError) -> [PreferenceModelArtifact]
  {
    guard let principles else { return artifacts }
    var chosen: [PreferenceModelArtifact] = []
    for id in principles {
      guard let artifact = artifacts.first(where: { $0.principle == id }) else {
        throw .unknownPrinciple(id, known: artifacts.map(\.principle))
      }
      chosen.append(artifact)
    }
    return chosen
  }

  /// (texts) rows of one score a model.
  private func score(_ batch: PackedBatch, _ chosen: [PreferenceModelArtifact]) -> [[Float]] {
    let first = chosen.map(\.adapter.firstLayer).min() ?? 0
    let hidden = model.trunk(batch, layers: first)
    let states = model.tops(
      hidden,
      batch,
      from: first,
      adapters: chosen.map(\.adapter),
      rows: batch.lastRows
    )
    let columns = zip(chosen, states).map { $0.head.forward($1) }
    return (0..<batch.sequenceCount).map { row in columns.map { $0[row] } }
  }
}
