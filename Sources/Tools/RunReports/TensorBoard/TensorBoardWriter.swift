/// Writes the scalars and sample texts of a run for TensorBoard.
package final class TensorBoardWriter: Sendable {
  /// Where the event file is.
  package let path: String
  private let file: AppendedFile
  private let now: @Sendable () -> Double

  /// Begins an event file in a folder; TensorBoard reads all event files of a folder as one run.
  /// - Parameters:
  ///   - directory: an existing folder.
  ///   - host: the machine's name, part of the file's name.
  ///   - process: the process number, which keeps two attempts of one second apart.
  ///   - now: Unix time in seconds.
  /// - Throws: `file` when the event file cannot be made.
  package init(
    directory: String,
    host: String,
    process: Int32,
    now: @escaping @Sendable () -> Double
  ) throws(RunReportError) {
    let seconds = Int(now())
    path = "\(directory)/events.out.tfevents.\(seconds).\(host).\(process).0"
    file = try AppendedFile(path: path, repairsLines: false)
    self.now = now
    try file.append(TensorBoardEvent.header(wallTime: now()), toDisk: false)
  }

  /// Adds the scalars and texts of one step; values that are not finite are left out.
  package func write(
    step: Int,
    _ values: [(tag: String, value: Double)],
    texts: [(tag: String, text: String)] = []
  ) throws(RunReportError) {
    let finite = values.filter { $0.value.isFinite }
    try file.append(
      TensorBoardEvent.step(finite, texts: texts, step: step, wallTime: now()),
      toDisk: false
    )
  }
}
