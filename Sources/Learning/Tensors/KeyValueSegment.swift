internal import CKernels

/// Cached keys and values of up to `capacity` positions, for all layers of a model.
///
/// SAFETY: positions are written once, by the one thread that owns their sequence at the time, and
/// read after the threads have joined.
package final class KeyValueSegment: @unchecked Sendable {
  /// The number of key-value heads.
  package let headCount: Int
  /// The width of one head.
  package let headWidth: Int
  /// How many positions there is room for; a multiple of the key block.
  package let capacity: Int
  /// How many positions are in use.
  package private(set) var count = 0
  private let buffer: FloatBuffer

  /// Allocates room for at least `positions`.
  package init(layerCount: Int, headCount: Int, headWidth: Int, positions: Int) {
    let block = Int(kernel_key_block)
    self.headCount = headCount
    self.headWidth = headWidth
    capacity = max(1, (positions + block - 1) / block) * block
    let floats = layerCount * headCount * 2 * capacity * headWidth
    buffer = FloatBuffer(count: floats, zeroed: false)
  }

  /// Whether every position is in use.
  package var isFull: Bool { count == capacity }

  /// Takes further positions into use; their keys and values are then written layer by layer.
  package func reserve(_ positions: Int) {
    precondition(count + positions <= capacity, "a segment has no room left")
    count += positions
  }

  /// Forgets all positions.
  package func reset() { count = 0 }

  /// Writes the keys and values of one position in one layer.
  ///
  /// - Parameters:
  ///   - position: below `count`.
  ///   - layer: the layer.
  ///   - key: one row of (rows, headCount * headWidth), rotated.
  ///   - value: one row of the same shape.
  package func write(position: Int, layer: Int, key: Tile, value: Tile) {
    precondition(position >= 0 && position < count, "a position that is not reserved")
    precondition(key.columns == headCount * headWidth && value.columns == key.columns, "shapes")
    for head in 0..<headCount {
      kernel_cache_append(
        keys(layer, head),
        values(layer, head),
        position,
        key.pointer + head * headWidth,
        value.pointer + head * headWidth,
        headWidth
      )
    }
  }

  private func keys(_ layer: Int, _ head: Int) -> UnsafeMutablePointer<Float> {
    buffer.base + (layer * headCount + head) * 2 * capacity * headWidth
  }

  private func values(_ layer: Int, _ head: Int) -> UnsafeMutablePointer<Float> {
    keys(layer, head) + capacity * headWidth
  }

  /// The positions of one head behind the first `skipped`.
  private func run(_ layer: Int, _ head: Int, skipping skipped: Int) -> kernel_cache_run {
    // Keys lie in blocks, so the run begins with a whole one.
    let start = skipped / Int(kernel_key_block) * Int(kernel_key_block)
    return kernel_cache_run(
      keys: keys(layer, head) + start * headWidth,
      values: values(layer, head) + start * headWidth,
      count: count - start,
      skipped: skipped - start
    )
  }

  /// Attends from one new position to all positions of some segments, in one layer.
  ///
  /// - Parameters:
  ///   - query: (1, heads * headWidth), rotated.
  ///   - segments: the sequence so far, oldest first, the new position included.
  ///   - layer: the layer.
  ///   - window: how many of the last positions are seen; `nil` for all.
  ///   - scale: what scores are multiplied by.
  ///   - out: as `query`.
  package static func attend(
    query: Tile,
    segments: [KeyValueSegment],
    layer: Int,
    window: Int? = nil,
    scale: Float,
    into out: Tile
  ) {
    guard let first = segments.first else { return }
    let group = query.columns / first.headWidth / first.headCount
    // Positions that have left the window.
    let unseen = window.map { max(0, segments.reduce(0) { $0 + $1.count } - $0) } ?? 0
    withUnsafeTemporaryAllocation(of: kernel_cache_run.self, capacity: segments.count) { runs in
      for head in 0..<first.headCount {
        var count = 0
        var left = unseen
        for segment in segments where segment.count > 0 {
          let skipped = min(left, segment.count)
          left -= skipped
          if skipped == segment.count { continue }
          runs.initializeElement(at: count, to: segment.run(layer, head, skipping: skipped))
          count += 1
        }
        guard count > 0 else { return }
        let start = head * group * first.headWidth
        kernel_cached_attention(
          out.pointer + start,
          query.pointer + start,
          group,
          first.headWidth,
          runs.baseAddress,
          count,
          scale
        )
      }
    }
  }
}
