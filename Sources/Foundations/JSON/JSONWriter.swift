/// How JSON is laid out.
package enum JSONStyle: Sendable {
  /// One member a line, two spaces a level, lists of plain values on one line.
  case pretty
  /// Everything on one line, without spaces.
  case singleLine
}

/// Writes JSON piece by piece.
package struct JSONWriter {
  /// What was written so far.
  package private(set) var text = ""
  private let style: JSONStyle
  /// For each open array or object: whether it has an element yet, and whether it stays on one line.
  private var levels: [(hasElement: Bool, isInline: Bool)] = []
  private var followsName = false

  /// Starts with nothing written.
  package init(style: JSONStyle) { self.style = style }

  /// Opens an object.
  package mutating func beginObject() { open("{", isInline: false) }
  /// Closes the object that was opened last.
  package mutating func endObject() { close("}") }
  /// Opens an array; `isInline` keeps it on one line in the pretty style too.
  package mutating func beginArray(isInline: Bool) { open("[", isInline: isInline) }
  /// Closes the array that was opened last.
  package mutating func endArray() { close("]") }

  /// Writes the name of the member whose value comes next.
  package mutating func name(_ name: String) {
    separate()
    quote(name)
    text += style == .pretty ? ": " : ":"
    followsName = true
  }

  /// Writes a text.
  package mutating func string(_ value: String) {
    separate()
    quote(value)
  }

  /// Writes a number, `true`, `false` or `null`.
  package mutating func literal(_ value: String) {
    separate()
    text += value
  }

  private mutating func open(_ bracket: Character, isInline: Bool) {
    separate()
    text.append(bracket)
    levels.append((hasElement: false, isInline: isInline || style == .singleLine))
  }

  private mutating func close(_ bracket: Character) {
    guard let level = levels.popLast() else { return }
    if level.hasElement && !level.isInline { newLine() }
    text.append(bracket)
  }

  private mutating func separate() {
    guard !followsName else {
      followsName = false
      return
    }
    guard let level = levels.last else { return }
    if level.hasElement { text += level.isInline && style == .pretty ? ", " : "," }
    if !level.isInline { newLine() }
    levels[levels.count - 1].hasElement = true
  }

  private mutating func newLine() {
    text += "\n" + String(repeating: " ", count: 2 * levels.count)
  }

  private mutating func quote(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
        // The two separators are legal JSON but end a line for some readers of JSON lines.
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
