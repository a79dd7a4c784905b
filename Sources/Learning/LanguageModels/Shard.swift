internal import ModelFiles
internal import Tensors

/// Some neighbouring groups of a batch that one thread takes through the layers.
///
/// Sharding by groups of sequences lets every thread run whole layers on its own, without waiting for
/// the others at each product. One shard alone is split inside its products instead.
struct Shard: Sendable {
  /// The shard's rows in the batch.
  let tokens: Range<Int>
  /// The shard's groups among those of the batch.
  let groupRange: Range<Int>
  /// The shard's groups, their rows counted within the shard.
  let groups: [PackedBatch.Group]
  /// Each row's position within its sequence.
  let positions: [Int32]

  /// Beyond this many tokens a shard gains nothing in speed and costs memory.
  private static let tokensMax = 512
  /// Below this many tokens products lose speed.
  private static let tokensMin = 96

  private init(_ batch: PackedBatch, groups range: Range<Int>) {
    let start = batch.groups[range.lowerBound].rows.lowerBound
    tokens = start..<batch.groups[range.upperBound - 1].rows.upperBound
    groupRange = range
    groups = batch.groups[range].map { $0.counted(from: start) }
    positions = groups.flatMap { group in
      let shared = group.prefix.count
      let places = [0..<shared] + group.branches.map { shared..<shared + $0.count }
      return places.flatMap { $0.map { Int32(truncatingIfNeeded: $0) } }
    }
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
    for index in 0..<count where first < batch.groups.count {
      // The cut nearest to an even share.
      let goal = batch.tokenCount * (index + 1) / count
      var end = first + 1
      while end < batch.groups.count, batch.groups[end].rows.middle <= goal { end += 1 }
      if index == count - 1 { end = batch.groups.count }
      shards.append(Shard(batch, groups: first..<end))
      first = end
    }
    return shards
  }

  /// The attention of this shard in one layer, from all rows or only the chosen ones (ascending).
  func attention(
    _ configuration: ModelConfiguration,
    layer: Int,
    rows: [Int]?
  ) -> CausalAttention {
    var spans: [CausalAttention.Span] = []
    var limits: [Int32] = []
    var next = 0
    func add(prefix: Range<Int>, keys: Range<Int>) {
      guard let rows else {
        if !keys.isEmpty { spans.append(.init(queries: keys, prefix: prefix, keys: keys)) }
        return
      }
      let start = next
      while next < rows.count && rows[next] < keys.upperBound {
        limits.append(positions[rows[next]] + 1)
        next += 1
      }
      if next > start { spans.append(.init(queries: start..<next, prefix: prefix, keys: keys)) }
    }
    for group in groups {
      add(prefix: group.prefix.lowerBound..<group.prefix.lowerBound, keys: group.prefix)
      for branch in group.branches { add(prefix: group.prefix, keys: branch) }
    }
    if rows == nil { limits = positions.map { $0 + 1 } }
    return CausalAttention(
      heads: configuration.headCount,
      keyValueHeads: configuration.keyValueHeadCount,
      headWidth: configuration.headWidth,
      spans: spans,
      limits: limits,
      window: configuration.traits.window(ofLayer: layer),
      scale: configuration.attentionScale
    )
  }
}

extension Range where Bound == Int {
  /// The place half-way through.
  fileprivate var middle: Int { (lowerBound + upperBound) / 2 }
}
