extension JSONValue {
  /// Reads one JSON text (RFC 8259) that is whole: nothing but space may follow.
  ///
  /// - Throws: `JSONError` that names the byte.
  package init(parsing text: String, rules: JSONRules = JSONRules()) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), rules: rules)
  }

  /// Reads one JSON text from bytes, whose strings must be UTF-8.
  ///
  /// - Throws: `JSONError` that names the byte.
  package init(parsing bytes: [UInt8], rules: JSONRules = JSONRules()) throws(JSONError) {
    var parser = JSONParser(bytes, rules: rules)
    self = try parser.document()
  }

  /// Whether `text` is a number as JSON writes numbers.
  package static func isNumber(_ text: String) -> Bool {
    var parser = JSONParser(Array(text.utf8), rules: JSONRules(numbers: .asWritten))
    return parser.isOneNumber()
  }
}

/// Reads JSON (RFC 8259) strictly: no comments, no trailing commas, bounded depth.
private struct JSONParser {
  /// Most arrays and objects inside each other.
  private static let depthMax = 128

  private let bytes: [UInt8]
  private let rules: JSONRules
  private var offset = 0

  init(_ bytes: [UInt8], rules: JSONRules) {
    self.bytes = bytes
    self.rules = rules
  }

  /// Reads the only value.
  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw fault("something follows the value") }
    return value
  }

  /// Whether the bytes are one number and nothing else.
  mutating func isOneNumber() -> Bool {
    (try? number()) != nil && offset == bytes.count
  }

  private func fault(_ reason: String) -> JSONError {
    let before = bytes[..<min(offset, bytes.count)]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(
      offset: before.count,
      line: before.count(where: { $0 == 0x0A }) + 1,
      column: String(decoding: before[lineStart...], as: UTF8.self).count + 1,
      reason: reason
    )
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    switch current {
    case nil: throw fault("a value is missing")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "N") where rules.numbers == .nonFinite:
      return try word("NaN", .number(.nan))
    case UInt8(ascii: "I") where rules.numbers == .nonFinite:
      return try word("Infinity", .number(.infinity))
    case UInt8(ascii: "-") where bytes[offset...].starts(with: "-I".utf8):
      guard rules.numbers == .nonFinite else { throw fault("a digit is missing") }
      return try word("-Infinity", .number(-.infinity))
    case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
    default: throw fault("a value cannot begin like this")
    }
  }

  private mutating func word(
    _ word: String,
    _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    guard bytes[offset...].starts(with: word.utf8) else { throw fault("\(word) is expected") }
    offset += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.depthMax else { throw fault("nested more than \(Self.depthMax) deep") }
    offset += 1
    var members: [JSONMember] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
      let name = try string()
      if !rules.allowsRepeatedNames, !names.insert(name).inserted {
        throw fault("the name \"\(name)\" came twice")
      }
      skipSpace()
      guard take(":") else { throw fault("a colon is missing after the name \"\(name)\"") }
      members.append(JSONMember(name, try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw fault("a comma or } is missing") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.depthMax else { throw fault("nested more than \(Self.depthMax) deep") }
    offset += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw fault("a comma or ] is missing") }
    }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    var isWhole = true
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") {
      isWhole = false
      try digits()
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if rules.numbers == .asWritten { return .numeral(text) }
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite || rules.numbers == .nonFinite else {
      throw fault("the number \(text.prefix(40)) is too large")
    }
    return .number(value)
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
    guard offset > start else { throw fault("a digit is missing") }
  }
}

// Strings and their escapes.
extension JSONParser {
  private mutating func string() throws(JSONError) -> String {
    offset += 1
    let start = offset
    // Most strings have no escape: they are one slice of the text.
    while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    guard current == UInt8(ascii: "\"") else {
      return try escapedString(beginning: Array(bytes[start..<offset]))
    }
    guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
      throw fault("a string is not UTF-8")
    }
    offset += 1
    return text
  }

  private mutating func escapedString(beginning: [UInt8]) throws(JSONError) -> String {
    var content = beginning
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        offset += 1
        return text
      case UInt8(ascii: "\\"):
        offset += 1
        content += String(Character(try escape())).utf8
      case 0..<0x20: throw fault("a control character in a string has to be escaped")
      default:
        content.append(byte)
        offset += 1
      }
    }
    throw fault("a string does not end")
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = current else { throw fault("a string does not end") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw fault("an escape cannot begin like this")
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // A high surrogate must be followed by a low one.
    guard first < 0xDC00, take("\\"), take("u") else { throw fault("half of a surrogate pair") }
    let second = try hexadecimal()
    guard second >= 0xDC00, second < 0xE000,
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw fault("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, byte < 0x80,
        let digit = Character(Unicode.Scalar(byte)).hexDigitValue
      else { throw fault("four hexadecimal digits are expected") }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
