/// Whole small text files.
package enum TextFile {
  /// Reads a file of UTF-8 text; `nil` when there is none.
  ///
  /// - Throws: `ModelFileError` when it cannot be read or is not UTF-8.
  package static func readIfPresent(path: String) throws(ModelFileError) -> String? {
    guard MappedFile.exists(path) else { return nil }
    let file = try MappedFile(path: path)
    try file.checkSize(atMost: 1 << 28)
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      throw .malformed(file: path, detail: "it is not UTF-8")
    }
    return text
  }
}
