/// The merges of a byte-pair vocabulary: which two tokens become which one, and how early.
///
/// Open addressing over two flat arrays; a dictionary spends most of encoding on hashing.
struct PairTable: Sendable {
  /// What two neighbouring tokens become.
  struct Merge: Equatable {
    /// The position in the list of merges; lower is applied first.
    var rank: UInt32
    /// The token that replaces the pair.
    var token: Int32
  }

  private var keys: [UInt64]
  private var merges: [Merge]
  private let shift: UInt64
  private static let empty = UInt64.max

  /// Makes an empty table with room for `count` merges.
  init(count: Int) {
    // At most half full, so that a search ends soon.
    let bits = max(4, Int.bitWidth - (2 * count).leadingZeroBitCount)
    keys = Array(repeating: Self.empty, count: 1 << bits)
    merges = Array(repeating: Merge(rank: 0, token: 0), count: 1 << bits)
    shift = UInt64(64 - bits)
  }

  /// Adds a merge; of two for the same pair the later counts, as in the reference's map.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let key = Self.key(left, right)
    var slot = slot(key)
    while keys[slot] != Self.empty, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
    keys[slot] = key
    merges[slot] = merge
  }

  /// Looks a pair up.
  subscript(left: Int32, right: Int32) -> Merge? {
    let key = Self.key(left, right)
    var slot = slot(key)
    while keys[slot] != key {
      if keys[slot] == Self.empty { return nil }
      slot = (slot + 1) & (keys.count - 1)
    }
    return merges[slot]
  }

  private func slot(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
