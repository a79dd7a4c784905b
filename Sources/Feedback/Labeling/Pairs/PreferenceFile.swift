internal import Foundation

/// Reads a preference file line by line, so that its length does not matter.
package struct PreferenceReader: ~Copyable {
  /// Longest accepted line, in bytes.
  static let lineByteCountMax = 8 << 20

  private let file: String
  private let handle: FileHandle
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false
  private var line = 0

  /// Opens a file; `-` is standard input.
  package init(path: String) throws(LabelingError) {
    file = path
    if path == "-" {
      handle = .standardInput
    } else if let opened = FileHandle(forReadingAtPath: path) {
      handle = opened
    } else {
      throw .preferenceFile(file: path, line: 0, reason: "the file cannot be opened for reading")
    }
  }

  /// The next preference, or nil at the end; blank lines are skipped.
  ///
  /// - Throws: `LabelingError.preferenceFile` naming file and line.
  package mutating func next() throws(LabelingError) -> PreferenceRecord? {
    while let bytes = try nextLine() {
      line += 1
      if bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == 9 || $0 == 13 }) { continue }
      return try parse(bytes)
    }
    return nil
  }

  private func parse(_ bytes: [UInt8]) throws(LabelingError) -> PreferenceRecord {
    let record: PreferenceRecord
    do {
      record = try JSONDecoder().decode(PreferenceRecord.self, from: Data(bytes))
    } catch DecodingError.keyNotFound(let key, _) {
      throw .preferenceFile(
        file: file,
        line: line,
        reason: "field \(key.stringValue) is missing; add it"
      )
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
    {
      let name = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .preferenceFile(
        file: file,
        line: line,
        reason: name.isEmpty ? "expected an object" : "field \(name) has the wrong type"
      )
    } catch {
      throw .preferenceFile(file: file, line: line, reason: "the line is not a JSON object")
    }
    if let defect = record.defect {
      throw .preferenceFile(file: file, line: line, reason: defect)
    }
    return record
  }

  private mutating func nextLine() throws(LabelingError) -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return Array(buffer[start..<end])
      }
      searched = buffer.count
      if isAtEnd {
        defer { start = buffer.count }
        return start < buffer.count ? Array(buffer[start...]) : nil
      }
      if buffer.count - start > Self.lineByteCountMax {
        throw .preferenceFile(
          file: file,
          line: line + 1,
          reason: "the line has more than \(Self.lineByteCountMax) bytes"
        )
      }
      buffer.removeFirst(start)
      searched -= start
      start = 0
      try fill()
    }
  }

  private mutating func fill() throws(LabelingError) {
    do {
      let data = try handle.read(upToCount: 1 << 16) ?? Data()
      isAtEnd = data.isEmpty
      buffer.append(contentsOf: data)
    } catch {
      throw .preferenceFile(file: file, line: line + 1, reason: "reading failed: \(error)")
    }
  }

  deinit {
    // Nothing can be lost by closing a file that was only read.
    if file != "-" { try? handle.close() }
  }
}

/// Writes preferences as lines of JSON.
package enum PreferenceWriter {
  /// One preference as a line of JSON with a fixed order of fields, without the line break.
  package static func line(_ record: PreferenceRecord) throws(LabelingError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(record), as: UTF8.self)
    } catch {
      throw .preferenceFile(file: "output", line: 0, reason: "cannot be written: \(error)")
    }
  }
}
