internal import Tensors

/// Deals prompts without end, in a new order each time all were used.
///
/// The whole state is the number of prompts dealt: orders come from the seed and the pass.
package struct PromptCursor: Sendable, Equatable, Codable {
  /// Prompts dealt so far.
  package private(set) var position = 0
  private let seed: UInt64
  private let promptCount: Int

  /// Starts before the first prompt.
  package init(promptCount: Int, seed: UInt64) {
    precondition(promptCount > 0, "a cursor needs a prompt")
    self.promptCount = promptCount
    self.seed = seed
  }

  /// Deals the next prompts.
  package mutating func next(_ count: Int) -> [Int] {
    var result: [Int] = []
    while result.count < count {
      let pass = position / promptCount
      var generator = SeededGenerator(seed: seed, streams: 0x0070_726f_6d70_7473, UInt64(pass))
      let order = generator.permutation(promptCount)
      let start = position % promptCount
      let end = min(promptCount, start + count - result.count)
      result += order[start..<end]
      position += end - start
    }
    return result
  }

  /// Whether this cursor belongs to that many prompts and that seed.
  func fits(promptCount: Int, seed: UInt64) -> Bool {
    self.promptCount == promptCount && self.seed == seed && position >= 0
  }
}
