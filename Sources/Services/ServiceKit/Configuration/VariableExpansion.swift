/// Replaces variables in strings of a configuration.
///
/// `${NAME}` must be set; `${NAME:-text}` falls back to `text` when the variable is unset or empty;
/// `${NAME:?text}` must be set and not empty, and says `text` otherwise; `$$` is a dollar sign.
/// The fallback may itself hold variables.
package struct VariableExpansion: Sendable {
  private let variables: [String: String]

  /// Takes the variables that texts may name.
  package init(variables: [String: String]) {
    self.variables = variables
  }

  /// Why a text cannot be expanded.
  struct Refusal: Error, Equatable {
    let reason: String
  }

  /// Returns the text with every variable replaced.
  func expand(_ text: String) throws(Refusal) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var result = ""
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      if rest.first == "$" {
        result.append("$")
        rest = rest.dropFirst()
      } else if rest.first == "{" {
        let body = try takeBody(&rest)
        result += try value(of: body)
      } else {
        throw Refusal(reason: "write $$ for a dollar sign or ${NAME} for a variable")
      }
    }
    return result + rest
  }

  /// Takes `{…}` off the front, minding nested braces, and returns what is inside.
  private func takeBody(_ rest: inout Substring) throws(Refusal) -> Substring {
    var depth = 0
    for index in rest.indices {
      if rest[index] == "{" { depth += 1 }
      if rest[index] == "}" { depth -= 1 }
      guard depth == 0 else { continue }
      let body = rest[rest.index(after: rest.startIndex)..<index]
      rest = rest[rest.index(after: index)...]
      return body
    }
    throw Refusal(reason: "a variable is not closed with }")
  }

  private func value(of body: Substring) throws(Refusal) -> String {
    let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    let operation = body[name.endIndex...]
    guard !name.isEmpty else { throw Refusal(reason: "a variable has no name") }
    let value = variables[String(name)] ?? ""
    if operation.isEmpty {
      guard variables[String(name)] != nil else {
        throw Refusal(reason: "the variable \(name) is not set")
      }
      return value
    }
    if operation.hasPrefix(":-") {
      return value.isEmpty ? try expand(String(operation.dropFirst(2))) : value
    }
    if operation.hasPrefix(":?") {
      guard value.isEmpty else { return value }
      throw Refusal(reason: "the variable \(name) is not set: \(operation.dropFirst(2))")
    }
    throw Refusal(reason: "after the name of variable \(name) only :- or :? may come")
  }
}
