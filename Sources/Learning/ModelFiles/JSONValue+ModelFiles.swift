package import JSON

extension JSONValue {
  /// Parses a document from memory; `file` is for messages.
  ///
  /// Names may come twice, as Python allows; the last one counts.
  ///
  /// - Throws: `ModelFileError.malformed`.
  package static func parse(
    _ bytes: [UInt8],
    file: String
  ) throws(ModelFileError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes, rules: JSONRules(allowsRepeatedNames: true))
    } catch {
      throw .malformed(file: file, detail: error.description)
    }
  }

  /// Reads and parses a file.
  package static func read(path: String) throws(ModelFileError) -> JSONValue {
    let file = try MappedFile(path: path)
    try file.checkSize(atMost: 1 << 28)
    return try parse(Array(file.bytes), file: path)
  }

  /// Reads and parses a file; `nil` when there is none.
  package static func readIfPresent(path: String) throws(ModelFileError) -> JSONValue? {
    guard MappedFile.exists(path) else { return nil }
    return try read(path: path)
  }
}
