import Foundation
import Logging
import ServiceKit
import ServiceTesting
import Synchronization
import Testing

@Suite struct StorageTests {
  private struct Entry: Codable, Sendable, Equatable {
    let number: Int
    let text: String
  }

  private let folder: TemporaryFolder
  private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func `entries are found again`() throws {
    let path = folder.file("journal.jsonl")
    let entries = [Entry(number: 1, text: "one\nline"), Entry(number: 2, text: "ü\u{0}")]
    do {
      let (file, found) = try JournalFile<Entry>.open(path, logger: quiet)
      #expect(found.isEmpty)
      for entry in entries { try file.append(entry) }
    }
    let (_, found) = try JournalFile<Entry>.open(path, logger: quiet)
    #expect(found == entries)
  }

  @Test func `a line that a kill cut short is dropped and written over`() throws {
    let path = folder.file("journal.jsonl")
    try Data("{\"number\":1,\"text\":\"a\"}\n{\"number\":2,\"te".utf8)
      .write(to: URL(fileURLWithPath: path))
    let lines = LogLines()
    let (file, found) = try JournalFile<Entry>.open(path, logger: lines.logger)
    #expect(found == [Entry(number: 1, text: "a")])
    let line = try #require(lines.all.first)
    #expect(line.contains("warning") && line.contains(path), "\(line)")
    #expect(line.contains("line: 2") && line.contains("bytes: 15"), "\(line)")
    try file.append(Entry(number: 3, text: "c"))
    #expect(try JournalFile<Entry>.entries(of: path, logger: quiet).map(\.number) == [1, 3])
  }

  @Test func `a damaged line is refused by its number`() throws {
    let path = folder.file("journal.jsonl")
    try Data("{\"number\":1,\"text\":\"a\"}\nnonsense\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(
      throws: ServiceKitError.damaged(
        path: path,
        line: 2,
        reason: "is not an entry of this file"
      )
    ) { try JournalFile<Entry>.open(path, logger: quiet) }
  }

  @Test func `rewriting forgets what is left out`() throws {
    let path = folder.file("journal.jsonl")
    try JournalFile.rewrite(path, with: [Entry(number: 1, text: ""), Entry(number: 2, text: "")])
    try JournalFile.rewrite(path, with: [Entry(number: 1, text: "")])
    #expect(try JournalFile<Entry>.entries(of: path, logger: quiet).map(\.number) == [1])
  }

  @Test func `a replaced file holds the new bytes and leaves nothing beside it`() throws {
    let path = folder.file("value")
    try DurableFile.replace(path, with: [1, 2, 3])
    try DurableFile.replace(path, with: [4])
    #expect(FileManager.default.contents(atPath: path) == Data([4]))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["value"])
  }

  @Test func `a data folder belongs to one holder at a time`() throws {
    let path = folder.file("data")
    var first: DataFolder? = try DataFolder(path)
    #expect(first?.path == path)
    let holder = "process \(ProcessInfo.processInfo.processIdentifier)"
    #expect(throws: ServiceKitError.dataFolderInUse(path: path, holder: holder)) {
      try DataFolder(path)
    }
    first = nil
    _ = try DataFolder(path)
  }
}

/// Keeps what is logged: level, message and metadata as one text.
private final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private func add(_ line: String) { lines.withLock { $0.append(line) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let values = (event.metadata ?? [:]).map { "\($0): \($1)" }.sorted()
      lines.add("\(event.level) \(event.message) \(values.joined(separator: ", "))")
    }
  }
}
