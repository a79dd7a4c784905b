/// A chat template's source as a list of tokens, so that sources which mean the same compare equal.
///
/// What has no meaning is gone: white space inside tags, which quotes a string has, comments, white
/// space that `transformers` strips (its environment sets `trim_blocks` and `lstrip_blocks`), and
/// whether a message's field is written `.role` or `['role']`. Nothing is interpreted; what is not
/// understood stays as it is and so equals nothing known.
///
/// - Source: the lexer of Jinja 3.
struct TemplateSource: Equatable {
  /// One token.
  enum Token: Equatable {
    /// Text between tags.
    case text(String)
    /// The beginning of a tag: `{{` or `{%`.
    case open(String)
    /// The end of a tag.
    case close
    /// A string inside a tag, its escapes resolved.
    case string(String)
    /// A name, number or operator inside a tag.
    case word(String)

    /// The token with its kind, for hashing.
    var part: String {
      switch self {
      case .text(let text): "text " + text
      case .open(let text): "open " + text
      case .close: "close"
      case .string(let text): "string " + text
      case .word(let text): "word " + text
      }
    }
  }

  /// The tokens in order.
  private(set) var tokens: [Token] = []

  private let source: [Unicode.Scalar]
  private var index = 0

  /// Reads a source.
  init(_ text: String) {
    var scalars = Array(text.unicodeScalars)
    // Jinja leaves out one line break at the very end.
    if scalars.last == "\n" { scalars.removeLast() }
    source = scalars
    // Whether the text that follows begins a line, and what the tag before asks to strip from it.
    var beginsLine = true
    while index < source.count {
      let start = index
      while index < source.count, tagKind(at: index) == nil { index += 1 }
      addText(start..<index, beginsLine: beginsLine)
      guard let kind = tagKind(at: index) else { break }
      let trimmed = kind == "#" ? skipComment() : readTag(kind)
      beginsLine = skipAfterTag(kind, trimsAll: trimmed)
    }
  }

  static func == (left: TemplateSource, right: TemplateSource) -> Bool {
    left.tokens == right.tokens
  }

  /// `{`, `%` or `#` when a tag of that kind begins here.
  private func tagKind(at place: Int) -> Unicode.Scalar? {
    guard place + 1 < source.count, source[place] == "{" else { return nil }
    let kind = source[place + 1]
    return kind == "{" || kind == "%" || kind == "#" ? kind : nil
  }

  private mutating func addText(_ range: Range<Int>, beginsLine: Bool) {
    var end = range.upperBound
    if let kind = tagKind(at: end) {
      let mark = end + 2 < source.count ? source[end + 2] : " "
      if mark == "-" {
        while end > range.lowerBound, PythonText.isSpace(source[end - 1]) { end -= 1 }
      } else if kind != "{", mark != "+" {
        // White space alone between the beginning of the line and a block goes.
        var start = end
        while start > range.lowerBound, source[start - 1] != "\n",
          PythonText.isSpace(source[start - 1])
        {
          start -= 1
        }
        let atLineStart =
          start > range.lowerBound ? source[start - 1] == "\n" : beginsLine
        if atLineStart { end = start }
      }
    }
    guard end > range.lowerBound else { return }
    tokens.append(.text(string(range.lowerBound..<end)))
  }

  /// Goes past a comment and tells whether it ends in `-#}`.
  private mutating func skipComment() -> Bool {
    index += 2
    while index + 1 < source.count, source[index] != "#" || source[index + 1] != "}" { index += 1 }
    let trims = source[index - 1] == "-"
    index = min(index + 2, source.count)
    return trims
  }

  /// Reads a tag and tells whether it ends in a minus.
  private mutating func readTag(_ kind: Unicode.Scalar) -> Bool {
    let closing: Unicode.Scalar = kind == "{" ? "}" : "%"
    tokens.append(.open("{" + String(kind)))
    index += 2
    if index < source.count, source[index] == "-" || source[index] == "+" { index += 1 }
    while index < source.count {
      let scalar = source[index]
      if PythonText.isSpace(scalar) {
        index += 1
      } else if let length = closeLength(closing) {
        let trims = scalar == "-"
        index += length
        tokens.append(.close)
        return trims
      } else if scalar == "'" || scalar == "\"" {
        readString(quote: scalar)
      } else {
        readWord()
      }
    }
    return false
  }

  /// The length of the end of a tag of that kind, when it is here.
  private func closeLength(_ closing: Unicode.Scalar) -> Int? {
    let start = source[index] == "-" || source[index] == "+" ? index + 1 : index
    guard start + 1 < source.count, source[start] == closing, source[start + 1] == "}" else {
      return nil
    }
    return start + 2 - index
  }

  private mutating func readString(quote: Unicode.Scalar) {
    var text = String.UnicodeScalarView()
    var isUnderstood = true
    index += 1
    while index < source.count, source[index] != quote {
      if source[index] == "\\", index + 1 < source.count {
        let escapes: [Unicode.Scalar: Unicode.Scalar] = [
          "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"",
        ]
        isUnderstood = isUnderstood && escapes[source[index + 1]] != nil
        text.append(escapes[source[index + 1]] ?? source[index + 1])
        index += 2
      } else {
        text.append(source[index])
        index += 1
      }
    }
    index = min(index + 1, source.count)
    // A string with another escape is made a word, which equals nothing known.
    tokens.append(isUnderstood ? .string(String(text)) : .word("'" + String(text)))
  }

  private mutating func readWord() {
    let start = index
    while index < source.count, Self.isName(source[index]) { index += 1 }
    if index == start {
      index += 1
      let pair = index < source.count ? string(start..<index + 1) : ""
      if ["==", "!=", "<=", ">=", "//", "**"].contains(pair) { index += 1 }
    }
    let word = string(start..<index)
    // `message.role` and `message['role']` are the same to Jinja.
    if word == "role" || word == "content", tokens.last == .word(".") {
      tokens.removeLast()
      tokens += [.word("["), .string(word), .word("]")]
    } else {
      tokens.append(.word(word))
    }
  }

  private static func isName(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  /// Goes past what the end of a tag strips; tells whether a line begins there.
  private mutating func skipAfterTag(_ kind: Unicode.Scalar, trimsAll: Bool) -> Bool {
    if trimsAll {
      let start = index
      while index < source.count, PythonText.isSpace(source[index]) { index += 1 }
      return index > start && source[index - 1] == "\n"
    }
    // `trim_blocks`: one line break after a block or comment goes.
    guard kind != "{", index < source.count, source[index] == "\n" else { return false }
    index += 1
    return true
  }

  private func string(_ range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: source[range])
    return String(text)
  }
}
