package import Tensors

/// Which answers each update of a step learns from.
package enum MinibatchPlan {
  /// Cuts an epoch's shuffled answers into minibatches whose sizes differ by one at most.
  ///
  /// - Parameters:
  ///   - sampleCount: answers of the step.
  ///   - minibatchCount: updates of the epoch, at most as many as answers.
  ///   - generator: draws the order; each epoch takes it further.
  /// - Returns: the answers of each minibatch, in the order of sampling.
  package static func epoch(
    sampleCount: Int,
    minibatchCount: Int,
    _ generator: inout SeededGenerator
  ) -> [[Int]] {
    let order = generator.permutation(sampleCount)
    return (0..<minibatchCount).map { minibatch in
      let start = order.count * minibatch / minibatchCount
      let end = order.count * (minibatch + 1) / minibatchCount
      return order[start..<end].sorted()
    }
  }
}
