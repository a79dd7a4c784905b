/// Merges the byte pairs of one word at a time; keeps its memory from word to word.
///
/// The order is the reference's: the merge of the lowest rank first, of equal ones the leftmost.
/// A heap of candidates and a linked list of symbols make a word of n bytes cost O(n log n).
struct BytePairMerger {
  /// A possible merge of the symbol at `position` with its right neighbour.
  private struct Candidate {
    /// The rank in the upper half, the position in the lower: the order of the heap.
    var order: UInt64
    /// The token the merge gives; when the symbols have changed since, it differs.
    var token: Int32

    var position: Int { Int(order & 0xFFFF_FFFF) }
  }

  /// The tokens of the word; -1 where a symbol was merged into its left neighbour.
  private var tokens: [Int32] = []
  private var previous: [Int32] = []
  private var next: [Int32] = []
  private var heap: [Candidate] = []

  /// Appends the tokens of a word, given as its single-byte tokens.
  mutating func append(
    _ word: Span<UInt8>,
    byteTokens: [Int32],
    merges: PairTable,
    to output: inout [Int32]
  ) {
    tokens.removeAll(keepingCapacity: true)
    for index in word.indices {
      let token = byteTokens[Int(word[index])]
      // A byte that the vocabulary lacks is dropped, as the reference does without an unknown token.
      if token >= 0 { tokens.append(token) }
    }
    finish(merges, to: &output)
  }

  /// Appends the tokens of a word, given as the tokens of its code points.
  mutating func append(symbols: [Int32], merges: PairTable, to output: inout [Int32]) {
    tokens = symbols
    finish(merges, to: &output)
  }

  private mutating func finish(_ merges: PairTable, to output: inout [Int32]) {
    if tokens.count > 1 { merge(merges) }
    for token in tokens where token >= 0 { output.append(token) }
  }

  private mutating func merge(_ merges: PairTable) {
    let count = tokens.count
    previous.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    for index in 0..<count {
      previous.append(Int32(truncatingIfNeeded: index - 1))
      next.append(index + 1 < count ? Int32(truncatingIfNeeded: index + 1) : -1)
    }
    for index in 0..<count - 1 { propose(at: index, with: index + 1, merges) }
    while let candidate = popLowest() {
      let position = candidate.position
      let neighbour = Int(next[position])
      guard tokens[position] >= 0, neighbour >= 0,
        merges[tokens[position], tokens[neighbour]]?.token == candidate.token
      else { continue }
      tokens[position] = candidate.token
      tokens[neighbour] = -1
      let after = Int(next[neighbour])
      next[position] = Int32(truncatingIfNeeded: after)
      if after >= 0 {
        previous[after] = Int32(truncatingIfNeeded: position)
        propose(at: position, with: after, merges)
      }
      let before = Int(previous[position])
      if before >= 0 { propose(at: before, with: position, merges) }
    }
  }

  private mutating func propose(at position: Int, with neighbour: Int, _ merges: PairTable) {
    guard let merge = merges[tokens[position], tokens[neighbour]] else { return }
    push(Candidate(order: UInt64(merge.rank) << 32 | UInt64(position), token: merge.token))
  }

  private mutating func push(_ candidate: Candidate) {
    heap.append(candidate)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent].order <= candidate.order { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = candidate
  }

  private mutating func popLowest() -> Candidate? {
    guard let lowest = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return lowest }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].order < heap[child].order { child += 1 }
      if heap[child].order >= last.order { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = last
    return lowest
  }
}
