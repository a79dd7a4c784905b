/// Finds functions and their lengths by indentation, which the formatter guarantees.
enum FunctionScanner {
  /// A function's name, first line (from 1) and number of lines from signature to closing brace.
  struct Function {
    let name: String
    let firstLine: Int
    let lineCount: Int
  }

  /// Functions and initialisers in formatted source, in their order.
  static func functions(in lines: [String]) -> [Function] {
    var found: [Function] = []
    for (number, line) in lines.enumerated() {
      guard let name = functionName(line) else { continue }
      let indentation = line.prefix { $0 == " " }
      let closing = indentation + "}"
      guard hasBody(lines[number...]) else { continue }
      guard
        let end = lines[number...].firstIndex(where: {
          $0 == closing || $0.hasPrefix(closing + " ")
        })
      else { continue }
      found.append(Function(name: name, firstLine: number + 1, lineCount: end - number + 1))
    }
    return found
  }

  /// Whether the signature that begins `lines` opens a body; a requirement of a protocol does not.
  private static func hasBody(_ lines: ArraySlice<String>) -> Bool {
    for (offset, line) in lines.enumerated() {
      if line.hasSuffix("{") { return true }
      let text = line.drop { $0 == " " }
      if text.isEmpty || text.hasPrefix("//") || text.hasPrefix("}") { return false }
      if offset > 0, text.hasPrefix("func ") || text.hasPrefix("var ") { return false }
    }
    return false
  }

  private static func functionName(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let at = words.firstIndex(of: "func"), words.count > at + 1, !line.contains("//") else {
      return nil
    }
    // A requirement of a protocol or a one-liner has no body of its own.
    guard !line.hasSuffix("}") else { return nil }
    return String(words[at + 1].prefix { $0 != "(" && $0 != "<" })
  }
}
