/// How the scores of each principle are brought to one scale before a scalarizer combines them.
///
/// Combined rewards of principles on different scales are ruled by the widest; a principle whose
/// scores hardly differ within a batch then teaches nothing (GDPO, arXiv 2601.05242).
package enum ScoreNormalization: String, Sendable, Equatable, CaseIterable, Codable {
  /// By the statistics that each preference model was frozen with; the scalarizer does this.
  case model
  /// By mean and deviation over the answers to the same prompt (GDPO; TRL's `normalize_then_sum`).
  case group
  /// By mean and deviation over all answers of the step.
  case batch

  /// Brings each column to mean zero and unit deviation over its group or batch.
  ///
  /// - Parameters:
  ///   - scores: samples × principles, row-major, standardised by the models' own statistics, so
  ///     that the floor of the deviation means the same for each of them.
  ///   - width: principles.
  ///   - groupSize: answers to each prompt, next to each other.
  /// - Returns: the same shape; `scores` themselves for `model`.
  package func apply(_ scores: [Double], width: Int, groupSize: Int) -> [Double] {
    guard self != .model, width > 0 else { return scores }
    let rows = scores.count / width
    let size = self == .group ? groupSize : rows
    var result = scores
    for column in 0..<width {
      for start in stride(from: 0, to: rows, by: max(size, 1)) {
        let places = (start..<min(start + size, rows)).map { $0 * width + column }
        let values = places.map { scores[$0] }
        let mean = values.reduce(0, +) / Double(values.count)
        let scale = GroupAdvantages.deviation(values[...]) + GroupAdvantages.deviationFloor
        for (place, value) in zip(places, values) { result[place] = (value - mean) / scale }
      }
    }
    return result
  }
}
