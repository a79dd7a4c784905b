/// Where a long command says how far it is.
package protocol RunProgress: Sendable {
  /// Something a reader wants to keep: a step begins, ends, waits or recovers.
  func note(_ text: String)
  /// How far the work is; replaces what was said before, where the display can.
  func update(_ progress: ProgressUpdate)
}

/// How far some work is.
package struct ProgressUpdate: Sendable, Equatable {
  /// What is being done: "sampling", "step".
  package var work: String
  /// How much is done, in units of the work.
  package var done: Double
  /// 0 when unknown.
  package var total: Double
  /// More about the moment: "412 tokens/s".
  package var detail: String
  /// Nil when unknown.
  package var secondsLeft: Double?

  /// States a progress.
  package init(
    work: String,
    done: Double,
    total: Double,
    detail: String = "",
    secondsLeft: Double? = nil
  ) {
    self.work = work
    self.done = done
    self.total = total
    self.detail = detail
    self.secondsLeft = secondsLeft
  }
}
