#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Random numbers from an explicit seed and stream: xoshiro256** seeded by SplitMix64.
///
/// The same seed and stream give the same numbers on every machine. Streams of one seed are
/// independent for all practical purposes: the stream is mixed into the seed before SplitMix64
/// fills the 256 bits of state.
///
/// - Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// Starts the sequence of a seed and a stream.
  package init(seed: UInt64, stream: UInt64 = 0) {
    var mixer = SplitMix64(state: seed)
    let mixedSeed = mixer.next()
    mixer = SplitMix64(state: mixedSeed ^ (stream &* 0xD134_2543_DE82_EF95))
    state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
  }

  /// Starts the sequence of a seed and several numbers that together name the stream.
  package init(seed: UInt64, streams: UInt64...) {
    var name: UInt64 = 0x243F_6A88_85A3_08D3
    for part in streams {
      var mixer = SplitMix64(state: name ^ part)
      name = mixer.next()
    }
    self.init(seed: seed, stream: name)
  }

  /// The 256 bits of state, for checkpoints.
  package var exportedState: [UInt64] { [state.0, state.1, state.2, state.3] }

  /// Continues from an exported state; `nil` unless it is four words, not all zero.
  package init?(exportedState words: [UInt64]) {
    guard words.count == 4, words.contains(where: { $0 != 0 }) else { return nil }
    state = (words[0], words[1], words[2], words[3])
  }

  /// 64 random bits.
  package mutating func next() -> UInt64 {
    let product = state.1 &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = (state.3 << 45) | (state.3 >> 19)
    return result
  }

  /// A number in `0 ..< 1`, all 53 bits of a `Double` random.
  package mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number in `low ..< high`.
  package mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * uniform()
  }

  /// A number from the normal distribution of mean 0 and deviation 1 (Box and Muller's cosine).
  package mutating func normal() -> Double {
    let radius = 1 - uniform()  // in (0, 1], so that the logarithm is finite
    let angle = uniform()
    return (-2 * log(radius)).squareRoot() * cos(2 * Double.pi * angle)
  }

  /// A whole number in `0 ..< bound`, without bias; `bound` is at least 1.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound >= 1, "a bound is at least 1")
    return Int.random(in: 0..<bound, using: &self)
  }

  /// A random order of `0 ..< count` (Fisher and Yates).
  package mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, below(index + 1))
    }
    return order
  }

  /// Whether both would go on with the same numbers.
  package static func == (left: SeededGenerator, right: SeededGenerator) -> Bool {
    left.state == right.state
  }
}

/// Steele, Lea and Flood's SplitMix64: fills the larger generator's state.
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Matrix {
  /// A matrix of independent normal numbers of mean 0.
  package static func normal(
    rows: Int,
    columns: Int,
    deviation: Double,
    using generator: inout SeededGenerator
  ) -> Matrix {
    var matrix = Matrix(rows: rows, columns: columns)
    matrix.withMutableValues { values in
      for index in values.indices { values[index] = Float(generator.normal() * deviation) }
    }
    return matrix
  }

  /// A matrix of independent uniform numbers in `-bound ..< bound`.
  package static func uniform(
    rows: Int,
    columns: Int,
    bound: Double,
    using generator: inout SeededGenerator
  ) -> Matrix {
    var matrix = Matrix(rows: rows, columns: columns)
    matrix.withMutableValues { values in
      for index in values.indices { values[index] = Float(generator.uniform(-bound, bound)) }
    }
    return matrix
  }
}
