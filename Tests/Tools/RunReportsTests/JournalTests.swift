import Foundation
import JSON
import RunReports
import Testing

@Suite struct JournalTests {
  /// A folder that exists for one test.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func `events are lines with time, kind and fields in order`() throws {
    try withFolder { folder in
      let path = folder + "/journal.jsonl"
      let journal = try Journal(path: path, now: { 12.5 })
      try journal.record("step_started", [.init("step", "label"), .init("attempt", 1)])
      #expect(
        try TextFile.read(path: path)
          == "{\"time\":12.5,\"kind\":\"step_started\",\"step\":\"label\",\"attempt\":1}\n"
      )
      #expect(try Journal(path: path, now: { 0 }).events == journal.events)
    }
  }

  @Test func `a line that a crash cut short is dropped and said so, everything before it kept`()
    throws
  {
    try withFolder { folder in
      let path = folder + "/journal.jsonl"
      try Journal(path: path, now: { 1 }).record("a")
      let torn = try #require(FileHandle(forWritingAtPath: path))
      try torn.seekToEnd()
      try torn.write(contentsOf: Data("{\"time\":2,\"kin".utf8))
      try torn.close()
      let journal = try Journal(path: path, now: { 3 })
      #expect(journal.events.map(\.kind) == ["a", "line_dropped"])
      #expect(journal.events.last?["line"]?.whole == 2)
      #expect(journal.events.last?["bytes"]?.whole == 14)
      try journal.record("b")
      #expect(try Journal.read(path: path).map(\.kind) == ["a", "line_dropped", "b"])
    }
  }

  @Test func `a broken line in the middle is named`() throws {
    try withFolder { folder in
      let path = folder + "/journal.jsonl"
      try TextFile.write(
        "{\"time\":1,\"kind\":\"a\"}\nnonsense\n{\"time\":1,\"kind\":\"b\"}\n",
        path: path
      )
      let error = #expect(throws: RunReportError.self) { try Journal.read(path: path) }
      #expect(try #require(error).description.contains("journal.jsonl, line 2"))
    }
  }

  @Test func `metrics sent twice are written once and a step computed again counts`() throws {
    try withFolder { folder in
      func log() throws -> MetricsLog {
        let board = try TensorBoardWriter(directory: folder, host: "h", process: 1, now: { 5 })
        return try MetricsLog(path: folder + "/metrics.jsonl", tensorBoard: board)
      }
      let steps = SampleRun.steps(12)
      var first = try log()
      for step in steps { #expect(try first.record(step)) }
      first = try log()
      for step in steps { #expect(try !first.record(step)) }
      // A trainer that went on from a checkpoint takes other times for the same step.
      var slower = steps[7]
      slower.seconds += 1
      slower.values.append(("time/update", 3))
      #expect(try first.knows(slower) && !first.record(slower))
      var again = steps[4]
      again.values[0].value = 99
      #expect(try first.record(again))
      let read = try MetricsLog.read(path: folder + "/metrics.jsonl")
      #expect(read.count == 12)
      #expect(read[4] == again)
    }
  }
}
