package import LanguageModels
package import Tensors

/// The residual streams of texts above the frozen layers, computed once and kept within a budget.
///
/// Adapters sit on the top layers only, so everything below is the same for all principles and all
/// epochs. Texts beyond the budget are computed again whenever they are needed.
package struct TrunkCache: Sendable {
  /// Frozen layers below.
  package let layerCount: Int
  private let model: LanguageModel
  private let sequences: [[Int32]]
  private var kept: [Matrix?]
  private let byteCountMax: Int
  private var byteCount = 0

  /// Prepares a cache that holds nothing yet.
  ///
  /// - Parameters:
  ///   - model: the base model.
  ///   - layerCount: how many layers from the lowest are frozen.
  ///   - sequences: the tokens of each text, checked for the model.
  ///   - byteCountMax: most bytes of kept streams.
  package init(
    model: LanguageModel,
    layerCount: Int,
    sequences: [[Int32]],
    byteCountMax: Int
  ) {
    self.model = model
    self.layerCount = layerCount
    self.sequences = sequences
    self.byteCountMax = byteCountMax
    kept = Array(repeating: nil, count: sequences.count)
  }

  /// Tokens of all texts.
  package var tokenCount: Int { sequences.reduce(0) { $0 + $1.count } }

  /// Computes and keeps streams, in batches, as far as the budget reaches.
  ///
  /// - Parameters:
  ///   - tokenCountMax: most tokens a batch, unless one text alone has more.
  ///   - didCompute: called with the tokens of each batch; returns whether to go on.
  package mutating func fill(tokenCountMax: Int, didCompute: (Int) -> Bool) {
    var open: [Int] = []
    var openTokens = 0
    func compute(into cache: inout TrunkCache) {
      let batch = PackedBatch(sharingPrefixesOf: open.map { cache.sequences[$0] })
      let stream = cache.model.trunk(batch, layers: cache.layerCount)
      for (text, whole) in zip(open, batch.streams(stream)) {
        cache.kept[text] = whole
        cache.byteCount += whole.count * MemoryLayout<Float>.stride
      }
    }
    let width = model.configuration.width
    for text in sequences.indices {
      let tokens = sequences[text].count
      let bytes = (openTokens + tokens) * width * MemoryLayout<Float>.stride
      if byteCount + bytes > byteCountMax { break }
      if !open.isEmpty && openTokens + tokens > tokenCountMax {
        compute(into: &self)
        if !didCompute(openTokens) { return }
        open = []
        openTokens = 0
      }
      open.append(text)
      openTokens += tokens
    }
    guard !open.isEmpty else { return }
    compute(into: &self)
    _ = didCompute(openTokens)
  }

  /// The streams of some texts as one batch; neighbours that answer one prompt share its rows.
  package func batch(_ texts: [Int]) -> (batch: PackedBatch, hidden: Matrix) {
    let batch = PackedBatch(sharingPrefixesOf: texts.map { sequences[$0] })
    let parts = texts.compactMap { kept[$0] }
    if parts.count == texts.count { return (batch, batch.joining(parts)) }
    return (batch, model.trunk(batch, layers: layerCount))
  }

  /// Texts in parts of at most so many tokens, unless one text alone has more.
  func parts(_ texts: [Int], _ tokenCountMax: Int) -> [[Int]] {
    var parts: [[Int]] = []
    var open: [Int] = []
    var tokens = 0
    for text in texts {
      if !open.isEmpty && tokens + sequences[text].count > tokenCountMax {
        parts.append(open)
        open = []
        tokens = 0
      }
      open.append(text)
      tokens += sequences[text].count
    }
    if !open.isEmpty { parts.append(open) }
    return parts
  }

  /// Tokens of one text.
  package func tokenCount(of text: Int) -> Int { sequences[text].count }
}
