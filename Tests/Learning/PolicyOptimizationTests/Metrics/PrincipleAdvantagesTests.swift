import PolicyOptimization
import Testing

@Suite struct PrincipleAdvantagesTests {
  @Test func `advantages of principles add up to the reward's, and shares to one`() {
    var random = TestRandom(seed: 12)
    let contributions = (0..<24).map { _ in random.normal() }
    let advantages = PrincipleAdvantages(contributions: contributions, width: 3, groupSize: 4)
    let rewards = (0..<8).map { contributions[3 * $0..<3 * $0 + 3].reduce(0, +) }
    let whole = GroupAdvantages(groupSize: 4, scaling: .none).fromMean(rewards)
    for row in 0..<8 {
      let sum = advantages.values[3 * row..<3 * row + 3].reduce(0, +)
      #expect(abs(sum - whole[row]) < 1e-12)
    }
    #expect(abs((0..<3).map { advantages.share($0) }.reduce(0, +) - 1) < 1e-12)
  }

  @Test func `a principle that alone tells answers apart has the whole share`() {
    // The second only says how good the prompt is, which is nobody's advantage.
    let contributions: [Double] = [1, 7, 3, 7, -2, 9, 0, 9]
    let advantages = PrincipleAdvantages(contributions: contributions, width: 2, groupSize: 2)
    #expect(advantages.values == [-1, 0, 1, 0, -1, 0, 1, 0])
    #expect(advantages.share(0) == 1 && advantages.share(1) == 0)
    #expect(advantages.deviation(0) == 1 && advantages.deviation(1) == 0)
  }

  @Test func `where nothing varies there is no share, and one answer a prompt is taken as a batch`()
  {
    let flat = PrincipleAdvantages(contributions: [2, 2, 2, 2], width: 2, groupSize: 2)
    #expect(flat.share(0) == 0 && flat.deviation(1) == 0)
    let single = PrincipleAdvantages(contributions: [1, 3], width: 1, groupSize: 1)
    #expect(single.values == [-1, 1])
  }
}
