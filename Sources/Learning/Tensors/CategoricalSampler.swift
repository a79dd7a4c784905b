internal import CKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Draws tokens from rows of logits.
package struct CategoricalSampler: Sendable, Equatable {
  /// Divides the logits; 0 takes the most likely token.
  package let temperature: Double
  /// Keeps only this many most likely tokens; 0 keeps all.
  package let topK: Int
  /// Keeps the fewest most likely tokens with at least this probability together, after `topK`.
  package let topP: Double

  /// A drawn token.
  package struct Draw: Sendable, Equatable {
    /// The token.
    package let token: Int
    /// Its log-probability at the temperature (at 1 when that is 0), before `topK` and `topP`.
    package let logProbability: Float
  }

  private static let block = 256

  /// Makes a sampler.
  package init(temperature: Double = 1, topK: Int = 0, topP: Double = 1) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// Draws from one row of logits, with at most one random number.
  ///
  /// - Parameters:
  ///   - logits: (1, vocabulary).
  ///   - generator: gives the random number.
  /// - Returns: The token and its log-probability.
  package func draw(_ logits: Tile, using generator: inout SeededGenerator) -> Draw {
    let count = logits.columns
    let z = UnsafePointer(logits.pointer)
    let maximum = kernel_maximum(z, count)
    let isGreedy = temperature <= 0
    let inverse = isGreedy ? 1 : Float(1 / temperature)
    guard let weights = kernel_thread_scratch(count) else {
      return Draw(token: 0, logProbability: 0)
    }
    let blockCount = (count + Self.block - 1) / Self.block
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, blockCount)) { sums in
      sums.initialize(repeating: 0)
      kernel_sampling_weights(weights, sums.baseAddress, z, count, Self.block, maximum, inverse)
      let total = sums.reduce(0, +)
      let row = UnsafeBufferPointer(start: weights, count: count)
      let token: Int
      if isGreedy {
        token = (0..<count).first { z[$0] == maximum } ?? 0
      } else if topP >= 1 && (topK <= 0 || topK >= count) {
        token = Self.pick(row, blockSums: UnsafeBufferPointer(sums), generator.uniform() * total)
      } else {
        token = pickTruncated(row, total: total, generator.uniform())
      }
      let logProbability = Double((z[token] - maximum) * inverse) - log(total)
      return Draw(token: token, logProbability: Float(logProbability))
    }
  }

  /// The token at which the running sum of weights passes `goal`.
  private static func pick(
    _ weights: UnsafeBufferPointer<Float>,
    blockSums: UnsafeBufferPointer<Double>,
    _ goal: Double
  ) -> Int {
    var left = goal
    var block = 0
    while block < blockSums.count - 1 && left >= blockSums[block] {
      left -= blockSums[block]
      block += 1
    }
    // Rounding may leave a little at the end: then the last token that has any weight.
    var last = 0
    for index in block * Self.block..<weights.count where weights[index] > 0 {
      last = index
      left -= Double(weights[index])
      if left < 0 { return index }
    }
    return last
  }

  /// Draws from the most likely tokens only.
  private func pickTruncated(
    _ weights: UnsafeBufferPointer<Float>,
    total: Double,
    _ uniform: Double
  ) -> Int {
    // Only candidates above a falling threshold are sorted: a few of the vocabulary, mostly.
    var threshold: Float = 1 / 16
    var candidates: [Int] = []
    while true {
      candidates = weights.indices.filter { weights[$0] >= threshold }
      let mass = candidates.reduce(0.0) { $0 + Double(weights[$1]) }
      let isEnough = topK > 0 ? candidates.count >= topK : mass >= topP * total
      if isEnough || threshold < 1e-30 { break }
      threshold /= 16
    }
    candidates.sort { (-weights[$0], $0) < (-weights[$1], $1) }
    if topK > 0 && candidates.count > topK { candidates.removeSubrange(topK...) }
    let keptMass = candidates.reduce(0.0) { $0 + Double(weights[$1]) }
    let goal = topP * (topK > 0 ? keptMass : total)
    var nucleus = 0.0
    var size = 0
    while size < candidates.count && (size == 0 || nucleus < goal) {
      nucleus += Double(weights[candidates[size]])
      size += 1
    }
    var left = uniform * nucleus
    for index in candidates.prefix(size) {
      left -= Double(weights[index])
      if left < 0 { return index }
    }
    return candidates.prefix(size).last ?? 0
  }
}
