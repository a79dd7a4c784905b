package import JSON
internal import Synchronization

/// The events of a run, one JSON line each, on disk before `record` returns.
///
/// The journal is what a run is resumed from, so an event is flushed to the disk, and a last line
/// that was cut short by a crash is dropped, and the drop recorded, when the journal is opened again.
package final class Journal: Sendable {
  /// Where the journal is.
  package let path: String
  private let file: AppendedFile
  private let state: Mutex<[JournalEvent]>
  private let now: @Sendable () -> Double

  /// Opens the journal of a run, or begins it; `now` gives Unix time in seconds.
  package init(path: String, now: @escaping @Sendable () -> Double) throws(RunReportError) {
    file = try AppendedFile(path: path, repairsLines: true)
    state = Mutex(try Self.read(path: path))
    self.path = path
    self.now = now
    guard file.removedBytes > 0 else { return }
    try record(
      "line_dropped",
      [
        JSONMember("line", .integer(events.count + 1)),
        JSONMember("bytes", .integer(file.removedBytes)),
        JSONMember("detail", .string("a crash cut the last line of \(path) short")),
      ]
    )
  }

  /// Every event so far, oldest first.
  package var events: [JournalEvent] {
    state.withLock { $0 }
  }

  /// Writes an event down.
  @discardableResult
  package func record(
    _ kind: String,
    _ fields: [JSONMember] = []
  ) throws(RunReportError) -> JournalEvent {
    let event = JournalEvent(time: now(), kind: kind, fields: fields)
    // The lock also orders the writes, so that the file and `events` agree.
    let result: Result<Void, RunReportError> = state.withLock { events in
      do throws(RunReportError) {
        try file.append(line: event.json.line, toDisk: true)
      } catch {
        return .failure(error)
      }
      events.append(event)
      return .success(())
    }
    try result.get()
    return event
  }

  /// Reads the events of a journal file.
  package static func read(path: String) throws(RunReportError) -> [JournalEvent] {
    var events: [JournalEvent] = []
    for (index, json) in try JSONLines.read(path: path).enumerated() {
      guard let event = JournalEvent(json: json) else {
        throw .line(path: path, line: index + 1, reason: "an event needs \"time\" and \"kind\"")
      }
      events.append(event)
    }
    return events
  }
}
