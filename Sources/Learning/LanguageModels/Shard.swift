internal import Tensors

/// Some neighbouring sequences of a batch that one thread takes through the layers.
///
/// Sharding by sequences lets every thread run whole layers on its own, without waiting for the
/// others at each product. One shard alone is split inside its products instead.
struct Shard: Sendable {
  /// The shard's rows in the batch.
  let tokens: Range<Int>
  /// The shard's sequences as rows within the shard.
  let sequences: [Range<Int>]
  /// Each row's position within its sequence.
  let positions: [Int32]

  /// Beyond this many tokens a shard gains nothing in speed and costs memory.
  private static let tokensMax = 512
  /// Below this many tokens products lose speed.
  private static let tokensMin = 96

  private init(_ batch: PackedBatch, sequences range: Range<Int>) {
    let start = batch.offsets[range.lowerBound]
    tokens = start..<batch.offsets[range.upperBound]
    sequences = range.map { batch.offsets[$0] - start..<batch.offsets[$0 + 1] - start }
    positions = sequences.flatMap { (0..<$0.count).map { Int32(truncatingIfNeeded: $0) } }
  }

  /// Cuts a batch into shards of similar size that follow one another.
  static func split(_ batch: PackedBatch) -> [Shard] {
    guard batch.tokenCount > 0 else { return [] }
    let parts = Threads.count
    let wanted = max(tokensMin, min(tokensMax, (batch.tokenCount + parts - 1) / parts))
    var count = max(1, (batch.tokenCount + wanted - 1) / wanted)
    // A whole number of rounds over the threads, so that none idles in the last one.
    if count > 1 { count = (count + parts - 1) / parts * parts }
    var shards: [Shard] = []
    var first = 0
    for index in 0..<count where first < batch.sequenceCount {
      // The cut nearest to an even share.
      let goal = batch.tokenCount * (index + 1) / count
      var end = first + 1
      while end < batch.sequenceCount
        && (batch.offsets[end] + batch.offsets[end + 1]) / 2 <= goal
      {
        end += 1
      }
      if index == count - 1 { end = batch.sequenceCount }
      shards.append(Shard(batch, sequences: first..<end))
      first = end
    }
    return shards
  }

  /// The attention of this shard, from all rows or only the chosen ones (ascending).
  func attention(_ configuration: ModelConfiguration, rows: [Int]?) -> CausalAttention {
    var spans: [CausalAttention.Span] = []
    var limits: [Int32] = []
    if let rows {
      var next = 0
      for keys in sequences {
        let start = next
        while next < rows.count && rows[next] < keys.upperBound {
          limits.append(positions[rows[next]] + 1)
          next += 1
        }
        if next > start { spans.append(.init(queries: start..<next, keys: keys)) }
      }
    } else {
      spans = sequences.map { .init(queries: $0, keys: $0) }
      limits = positions.map { $0 + 1 }
    }
    return CausalAttention(
      heads: configuration.headCount,
      keyValueHeads: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth,
      spans: spans,
      limits: limits
    )
  }
}
