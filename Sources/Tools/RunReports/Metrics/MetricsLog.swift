internal import JSON
internal import Synchronization

/// `metrics.jsonl` and the TensorBoard file of a run, which always hold the same steps.
///
/// A trainer that is attached to again sends its earlier steps again, and one that was resumed from
/// a checkpoint computes some again. A step that says the same as before, times aside, is not
/// written twice; of two different lines the later one counts.
package final class MetricsLog: Sendable {
  private let file: AppendedFile
  private let tensorBoard: TensorBoardWriter
  private let newest: Mutex<[Int: StepMetrics]>

  /// Opens the metrics of a run, or begins them.
  package init(path: String, tensorBoard: TensorBoardWriter) throws(RunReportError) {
    file = try AppendedFile(path: path, repairsLines: true)
    var newest: [Int: StepMetrics] = [:]
    for step in try Self.read(path: path) { newest[step.step] = step }
    self.newest = Mutex(newest)
    self.tensorBoard = tensorBoard
  }

  /// Whether a step was written down.
  package func knows(_ step: StepMetrics) -> Bool {
    newest.withLock { $0[step.step]?.saysSame(as: step) == true }
  }

  /// Writes a step down unless it is known.
  ///
  /// - Parameters:
  ///   - step: its numbers.
  ///   - texts: what TensorBoard shows beside them.
  /// - Returns: whether it was new.
  /// - Throws: `file` when it cannot be written.
  @discardableResult
  package func record(
    _ step: StepMetrics,
    texts: [(tag: String, text: String)] = []
  ) throws(RunReportError) -> Bool {
    let isNew = newest.withLock { newest in
      if newest[step.step]?.saysSame(as: step) == true { return false }
      newest[step.step] = step
      return true
    }
    guard isNew else { return false }
    try file.append(line: step.json.line, toDisk: true)
    try tensorBoard.write(
      step: step.step,
      step.values.map { (tag: $0.name, value: $0.value) } + [
        (tag: "scalarizer/configuration_version", value: Double(step.configurationVersion)),
        (tag: "time/step_seconds", value: step.seconds),
      ],
      texts: texts
    )
    return true
  }

  /// The last line of every step, in the order of the steps.
  package static func read(path: String) throws(RunReportError) -> [StepMetrics] {
    var newest: [Int: StepMetrics] = [:]
    for (index, json) in try JSONLines.read(path: path).enumerated() {
      guard let step = StepMetrics(json: json) else {
        throw .line(path: path, line: index + 1, reason: "this is not a step's metrics")
      }
      newest[step.step] = step
    }
    return newest.values.sorted { $0.step < $1.step }
  }
}
