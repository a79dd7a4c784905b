internal import LanguageModels
internal import Tensors

/// The answers of one step with everything that does not change during its epochs.
struct PPORollouts {
  /// (S) prompt and answer of each sequence.
  let sequences: [[Int32]]
  /// (S) length of each prompt, where the answer begins.
  let starts: [Int]
  /// The answers' tokens end to end.
  let segments: TokenSegments
  /// (S) residual stream entering the adapter's lowest layer; frozen below, so computed once.
  let streams: [Matrix]
  /// (N) log-probabilities under the policy that sampled, from a training-kind pass.
  var old: [Float] = []
  /// (N) log-probabilities under the reference.
  var reference: [Float] = []
  /// (N) values before the update.
  var values: [Float] = []
  /// (N) advantages.
  var advantages: [Float] = []
  /// (N) value targets.
  var returns: [Float] = []

  /// Lays out sequences and runs the frozen layers over them.
  init(
    prompts: [[Int32]],
    answers: [[Int32]],
    model: LanguageModel,
    frozenLayers: Int,
    tokenCountMax: Int
  ) {
    let whole = zip(prompts, answers).map { $0 + $1 }
    sequences = whole
    starts = prompts.map(\.count)
    segments = TokenSegments(lengths: answers.map(\.count))
    var streams: [Matrix] = []
    for part in Self.parts(Array(whole.indices), lengths: whole.map(\.count), tokenCountMax) {
      let batch = PackedBatch(sharingPrefixesOf: part.map { whole[$0] })
      streams += batch.streams(model.trunk(batch, layers: frozenLayers))
    }
    self.streams = streams
  }

  /// Sequences packed for one pass.
  struct Part {
    /// The packed tokens.
    let batch: PackedBatch
    /// The residual stream entering the adapter's lowest layer.
    let hidden: Matrix
    /// Rows that predict answer tokens.
    let rows: [Int]
    /// The answer tokens.
    let targets: [Int32]
    /// The places of those tokens in the step's arrays.
    let places: [Int]
  }

  /// Packs some sequences into parts of at most so many tokens each.
  ///
  /// They are taken in the order of sampling, so that answers to one prompt are neighbours and share
  /// its rows.
  func parts(_ chosen: [Int], tokenCountMax: Int) -> [Part] {
    let lengths = sequences.map(\.count)
    return Self.parts(chosen.sorted(), lengths: lengths, tokenCountMax).map { part in
      let starts = part.map { self.starts[$0] }
      let batch = PackedBatch(sharingPrefixesOf: part.map { sequences[$0] }, starts: starts)
      let (rows, targets) = batch.predictingRows(starts: starts)
      return Part(
        batch: batch,
        hidden: batch.joining(part.map { streams[$0] }),
        rows: rows,
        targets: targets,
        places: part.flatMap { Array(segments[$0]) }
      )
    }
  }

  private static func parts(_ chosen: [Int], lengths: [Int], _ tokenCountMax: Int) -> [[Int]] {
    var parts: [[Int]] = []
    var open: [Int] = []
    var tokens = 0
    for sequence in chosen {
      if !open.isEmpty && tokens + lengths[sequence] > tokenCountMax {
        parts.append(open)
        open = []
        tokens = 0
      }
      open.append(sequence)
      tokens += lengths[sequence]
    }
    if !open.isEmpty { parts.append(open) }
    return parts
  }
}

extension Array where Element == Float {
  /// The elements at some places, in that order.
  func gathering(_ places: [Int]) -> [Float] { places.map { self[$0] } }

  /// Puts elements at some places.
  mutating func scatter(_ values: [Float], to places: [Int]) {
    for (value, place) in zip(values, places) { self[place] = value }
  }
}
