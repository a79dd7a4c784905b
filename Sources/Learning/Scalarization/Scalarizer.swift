/// Scores of several samples on several principles, row by row.
package struct ScoreMatrix: Sendable, Equatable {
  /// The ids of the columns, in the order of the values.
  package let principles: [String]
  /// Raw scores, rows × principles, row-major.
  package let values: [Double]

  /// Creates a matrix from row-major values.
  package init(principles: [String], values: [Double]) {
    self.principles = principles
    self.values = values
  }

  /// Number of samples.
  package var rowCount: Int { principles.isEmpty ? 0 : values.count / principles.count }
}

/// Rewards of a batch with what each principle added, in the configuration's principle order.
package struct ScalarizedBatch: Sendable, Equatable {
  /// One reward per row.
  package let rewards: [Double]
  /// What each principle added, rows × configured principles, row-major; each row sums to its reward.
  package let contributions: [Double]
  /// The configured principles, the columns of `contributions`.
  package let principles: [String]
}

/// Applies one configuration to score matrices, one sample at a time (METHODS A, "our definitions").
package struct Scalarizer: Sendable {
  /// The configuration in charge.
  package let configuration: ScalarizationConfiguration
  private let active: [Int]
  private let prior: [Double]

  /// Prepares a configuration.
  package init(_ configuration: ScalarizationConfiguration) {
    self.configuration = configuration
    let masked = Set(configuration.mask)
    let principles = configuration.principles
    active = principles.indices.filter {
      principles[$0].weight != 0 && !masked.contains(principles[$0].id)
    }
    let total = active.reduce(0) { $0 + abs(principles[$1].weight) }
    prior = active.map { abs(principles[$0].weight) / total }
  }

  /// Turns a score matrix into rewards and contributions.
  ///
  /// - Parameter scores: rows × principles; columns in any order, but exactly the configured
  ///   principles.
  /// - Returns: one reward a row; no row influences another.
  /// - Throws: `ScalarizationError` naming the principle and row of what is refused.
  package func scalarize(_ scores: ScoreMatrix) throws(ScalarizationError) -> ScalarizedBatch {
    let columns = try columnOfPrinciple(scores)
    let width = scores.principles.count
    let rowCount = scores.rowCount
    guard width > 0, scores.values.count == rowCount * width else {
      throw .shapeMismatch(values: scores.values.count, rows: rowCount, principles: width)
    }
    let principleCount = configuration.principles.count
    var rewards: [Double] = []
    var contributions = [Double](repeating: 0, count: rowCount * principleCount)
    rewards.reserveCapacity(rowCount)
    for row in 0..<rowCount {
      for (column, id) in scores.principles.enumerated() {
        let value = scores.values[row * width + column]
        guard value.isFinite else {
          throw .nonFiniteScore(principle: id, row: row, value: value)
        }
      }
      let (reward, parts) = reward(of: scores.values[row * width..<(row + 1) * width], columns)
      guard reward.isFinite, parts.allSatisfy(\.isFinite) else {
        throw .nonFiniteReward(row: row)
      }
      rewards.append(reward)
      for (slot, part) in zip(active, parts) {
        contributions[row * principleCount + slot] = part
      }
    }
    return ScalarizedBatch(
      rewards: rewards,
      contributions: contributions,
      principles: configuration.principleIDs
    )
  }

  private func reward(
    of row: ArraySlice<Double>,
    _ columns: [Int]
  ) -> (reward: Double, parts: [Double]) {
    let method = configuration.method
    let values = active.map { slot in
      let principle = configuration.principles[slot]
      let raw = row[row.startIndex + columns[slot]]
      let standardised = (raw - principle.mean) / principle.standardDeviation
      if method.isLinear { return principle.weight * standardised }
      return principle.weight < 0 ? -standardised : standardised
    }
    return ScalarizationRules.evaluate(
      values,
      prior: prior,
      method: method,
      parameters: configuration.parameters
    )
  }

  private func columnOfPrinciple(_ scores: ScoreMatrix) throws(ScalarizationError) -> [Int] {
    var position: [String: Int] = [:]
    let known = Set(configuration.principleIDs)
    for (column, id) in scores.principles.enumerated() {
      guard position.updateValue(column, forKey: id) == nil else { throw .duplicatePrinciple(id) }
      guard known.contains(id) else {
        throw .unknownPrinciple(id, known: configuration.principleIDs)
      }
    }
    var columns: [Int] = []
    for id in configuration.principleIDs {
      guard let column = position[id] else { throw .missingPrinciple(id) }
      columns.append(column)
    }
    return columns
  }
}
