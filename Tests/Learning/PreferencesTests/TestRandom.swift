/// SplitMix64, so that every test says its seed.
struct TestRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func uniform() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// Sum of twelve uniforms: close enough to a normal for these tests, and free of libm.
  mutating func normal() -> Double {
    var total = -6.0
    for _ in 0..<12 { total += uniform() }
    return total
  }
}
