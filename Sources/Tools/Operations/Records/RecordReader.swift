package import JSON

/// Reads JSON lines for a command and names the line in every complaint.
package struct RecordReader: Sendable {
  private let lines: LineReader
  private let rules: JSONRules

  /// Opens a file, or standard input for `-`; `allowsNonFinite` reads NaN and infinity as numbers.
  package init(path: String, allowsNonFinite: Bool = false) throws(OperationsError) {
    lines = try LineReader(path: path)
    rules = JSONRules(numbers: allowsNonFinite ? .nonFinite : .finite)
  }

  /// Number of the line last read, from 1.
  package var lineNumber: Int { lines.lineNumber }

  /// What errors call the input.
  package var name: String { lines.name }

  /// The next object; empty lines are skipped; nil at the end.
  package func next() throws(OperationsError) -> JSONValue? {
    while let line = try lines.next() {
      if line.allSatisfy(\.isWhitespace) { continue }
      let value: JSONValue
      do throws(JSONError) {
        value = try JSONValue(parsing: line, rules: rules)
      } catch {
        throw refusal(error.description)
      }
      guard value.members != nil else { throw refusal("a line holds one JSON object") }
      return value
    }
    return nil
  }

  /// Every object that is left.
  package func all() throws(OperationsError) -> [JSONValue] {
    var values: [JSONValue] = []
    while let value = try next() { values.append(value) }
    return values
  }

  /// A text member that must be there.
  package func text(_ name: String, of record: JSONValue) throws(OperationsError) -> String {
    guard let text = record[name]?.text else {
      let found = record[name].map { ", not \($0.kind)" } ?? ""
      throw refusal("needs a text \"\(name)\"\(found)")
    }
    return text
  }

  /// An error about the line last read.
  package func refusal(_ reason: String) -> OperationsError {
    .input("\(lines.name), line \(lines.lineNumber): \(reason)")
  }
}
