/// Advantages of answers against the other answers to the same prompt, without a critic.
///
/// Rewards come in groups of the same size, the answers to one prompt next to each other.
package struct GroupAdvantages: Sendable, Equatable {
  /// What the distance from the baseline is divided by.
  package enum Scaling: String, Sendable, Equatable, CaseIterable, Codable {
    /// The deviation of the prompt's own answers (GRPO).
    case group
    /// The deviation of all answers of the step.
    case batch
    /// Nothing: groups that disagree more count more (RLOO, Dr. GRPO, arXiv 2503.20783).
    case none
  }

  /// Added to every deviation, so that equal rewards give zero and not noise; TRL's constant.
  package static let deviationFloor = 1e-4

  /// Answers to each prompt, at least two.
  package var groupSize: Int
  /// What distances are divided by.
  package var scaling: Scaling

  /// Creates the computation.
  package init(groupSize: Int, scaling: Scaling) {
    precondition(groupSize > 1, "one answer has nothing to be compared with")
    self.groupSize = groupSize
    self.scaling = scaling
  }

  /// Each reward less the mean of the others in its group (RLOO).
  ///
  /// - Parameter rewards: (S) rewards.
  /// - Returns: (S) advantages.
  package func leaveOneOut(_ rewards: [Double]) -> [Double] {
    let others = Double(groupSize - 1)
    let distances = byGroup(rewards) { group in
      let sum = group.reduce(0, +)
      return group.map { $0 - (sum - $0) / others }
    }
    return scaled(distances, rewards)
  }

  /// Each reward less the mean of its group (GRPO).
  ///
  /// - Parameter rewards: (S) rewards.
  /// - Returns: (S) advantages.
  package func fromMean(_ rewards: [Double]) -> [Double] {
    let distances = byGroup(rewards) { group in
      let mean = group.reduce(0, +) / Double(group.count)
      return group.map { $0 - mean }
    }
    return scaled(distances, rewards)
  }

  /// Share of groups whose rewards are all the same, so that they teach nothing.
  package func flatShare(_ rewards: [Double]) -> Double {
    let groups = rewards.count / groupSize
    let flat = (0..<groups).count { group in
      let start = group * groupSize
      return Self.deviation(rewards[start..<start + groupSize]) <= 1e-8
    }
    return groups == 0 ? 0 : Double(flat) / Double(groups)
  }

  private func scaled(_ distances: [Double], _ rewards: [Double]) -> [Double] {
    switch scaling {
    case .none: return distances
    case .batch:
      let scale = Self.deviation(rewards[...]) + Self.deviationFloor
      return distances.map { $0 / scale }
    case .group:
      let scales = byGroup(rewards) { group in
        Array(repeating: Self.deviation(group) + Self.deviationFloor, count: group.count)
      }
      return zip(distances, scales).map { $0 / $1 }
    }
  }

  private func byGroup(
    _ values: [Double],
    _ body: (ArraySlice<Double>) -> [Double]
  ) -> [Double] {
    precondition(values.count.isMultiple(of: groupSize), "a group is not whole")
    return stride(from: 0, to: values.count, by: groupSize).flatMap { start in
      body(values[start..<start + groupSize])
    }
  }

  /// Unbiased standard deviation, as PyTorch's `std`; zero for fewer than two values.
  static func deviation(_ values: ArraySlice<Double>) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
