import PolicyOptimization
import Tensors
import Testing

// PEERS 4 item 44.
@Suite struct MinibatchPlanTests {
  @Test(arguments: [(24, 2), (7, 3), (5, 5), (9, 1)])
  func `an epoch goes through every answer once, in parts of one size`(
    sampleCount: Int,
    minibatchCount: Int
  ) {
    var generator = SeededGenerator(seed: 3)
    let parts = MinibatchPlan.epoch(
      sampleCount: sampleCount,
      minibatchCount: minibatchCount,
      &generator
    )
    #expect(parts.count == minibatchCount)
    #expect(parts.flatMap { $0 }.sorted() == Array(0..<sampleCount))
    let sizes = parts.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test func `each epoch has an order of its own, and a seed the same orders again`() {
    func epochs() -> [[[Int]]] {
      var generator = SeededGenerator(seed: 4)
      return (0..<4).map { _ in
        MinibatchPlan.epoch(sampleCount: 24, minibatchCount: 3, &generator)
      }
    }
    #expect(Set(epochs()).count == 4)
    #expect(epochs() == epochs())
  }
}
