internal import Messages
internal import Scalarization
internal import ServiceKit

/// Linear weights fitted to preferences, with the statistics that they belong to (METHODS A(b) 7).
struct PreferenceFit {
  /// What the caller receives.
  let reply: Messages.FitWeightsReply

  /// Fits weights to the scores of preferred and other answers.
  ///
  /// The normaliser of a principle is the mean and population standard deviation of its scores over
  /// both sides, and the weights are those of scores standardised by it.
  init(chosen: ScoreTable, rejected: ScoreTable) throws(ScalarizerServiceError) {
    guard chosen.principleIDs == rejected.principleIDs else {
      throw .unequalMatrices(
        reason: "chosen and rejected must have the same principle_ids in order"
      )
    }
    guard chosen.itemIDs.count == rejected.itemIDs.count else {
      throw .unequalMatrices(
        reason: "chosen has \(chosen.itemIDs.count) rows and rejected \(rejected.itemIDs.count)"
      )
    }
    let principles = chosen.principleIDs
    let width = principles.count
    let pairs = chosen.itemIDs.indices.map { row in
      WeightFittingPair(
        differences: (0..<width).map {
          chosen.values[row * width + $0] - rejected.values[row * width + $0]
        },
        target: 1
      )
    }
    let normalisers = (0..<width).map { Self.normaliser(column: $0, of: [chosen, rejected]) }
    do {
      let fitted = try WeightFitting().fit(pairs, principles: principles)
      let weights = fitted.weights(standardDeviations: normalisers.map(\.standardDeviation))
      reply = Messages.FitWeightsReply(
        weights: zip(zip(principles, weights), normalisers).map { entry, normaliser in
          Messages.PrincipleWeight(
            principleID: entry.0,
            weight: entry.1,
            normaliser: normaliser
          )
        },
        accuracy: fitted.accuracy
      )
    } catch {
      throw .refused(error)
    }
  }

  private static func normaliser(column: Int, of tables: [ScoreTable]) -> Messages.Normaliser {
    let values = tables.flatMap { table in
      table.itemIDs.indices.map { table.values[$0 * table.principleIDs.count + column] }
    }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return Messages.Normaliser(mean: mean, standardDeviation: variance.squareRoot())
  }
}
