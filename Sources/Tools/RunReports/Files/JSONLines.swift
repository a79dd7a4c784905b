internal import Foundation
package import JSON

/// Files with one JSON value a line.
package enum JSONLines {
  /// Reads every whole line; empty lines are skipped, a last line without its end is left out when
  /// torn.
  package static func read(path: String) throws(RunReportError) -> [JSONValue] {
    let text = try TextFile.read(path: path)
    var values: [JSONValue] = []
    var number = 0
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let endsWhole = lines.last?.isEmpty ?? true
    if endsWhole { _ = lines.popLast() }
    for (index, line) in lines.enumerated() {
      number += 1
      if line.allSatisfy(\.isWhitespace) { continue }
      do throws(JSONError) {
        values.append(try JSONValue(parsing: String(line)))
      } catch {
        // Only the line a crash cut short may be broken.
        if index == lines.count - 1, !endsWhole { break }
        throw .line(path: path, line: number, reason: error.description)
      }
    }
    return values
  }

  /// Writes a file of lines in one step: a reader sees the old file or the new one.
  package static func write(_ values: [JSONValue], path: String) throws(RunReportError) {
    try TextFile.write(values.map { $0.line + "\n" }.joined(), path: path)
  }
}

/// Whole text files.
package enum TextFile {
  /// Reads a file that must be UTF-8.
  package static func read(path: String) throws(RunReportError) -> String {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      guard let text = String(validating: data, as: UTF8.self) else {
        throw RunReportError.file(path: path, action: "read", reason: "it is not UTF-8 text")
      }
      return text
    } catch let error as RunReportError {
      throw error
    } catch {
      throw .file(path: path, action: "read", reason: error.localizedDescription)
    }
  }

  /// Replaces a file in one step, on disk when the call returns.
  package static func write(_ text: String, path: String) throws(RunReportError) {
    let temporary = path + ".new"
    try? FileManager.default.removeItem(atPath: temporary)  // left over from a crash, or absent
    let file = try AppendedFile(path: temporary, repairsLines: false)
    try file.append(Array(text.utf8), toDisk: true)
    guard unsafe rename(temporary, path) == 0 else {
      throw .file(path: path, action: "replace", reason: unsafe String(cString: strerror(errno)))
    }
  }
}
