import Foundation
import Operations
import RunReports
import Testing

@Suite struct LineReaderTests {
  private func lines(of text: [UInt8]) throws -> [String] {
    let path = NSTemporaryDirectory() + "lines-\(UUID().uuidString)"
    try Data(text).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let reader = try LineReader(path: path)
    var lines: [String] = []
    while let line = try reader.next() { lines.append(line) }
    return lines
  }

  @Test func `lines end at newlines only, the last may lack one`() throws {
    #expect(try lines(of: Array("a\n\nb\u{2028}c\r\nd".utf8)) == ["a", "", "b\u{2028}c\r", "d"])
    #expect(try lines(of: []) == [])
    #expect(try lines(of: Array("x\n".utf8)) == ["x"])
  }

  @Test func `lines longer than a read are whole`() throws {
    let long = String(repeating: "wörter ", count: 50_000)
    #expect(try lines(of: Array("\(long)\n\(long)x\n".utf8)) == [long, long + "x"])
  }

  @Test func `bytes that are not text are refused by line`() throws {
    let error = #expect(throws: OperationsError.self) {
      try lines(of: Array("ok\n".utf8) + [0xff, 0x0a])
    }
    let text = try #require(error).description
    #expect(text.contains("line 2: not UTF-8"), "\(text)")
  }

  @Test func `a table aligns its columns`() {
    let table = TextTable(
      header: ["name", "n"],
      rows: [["a", "1"], ["long name", "22"]],
      rightAligned: [1]
    )
    #expect(table.lines == ["name        n", "a           1", "long name  22"])
  }
}
