extension JSONValue {
  /// Reads one JSON text (RFC 8259): whole, no trailing characters, names unique, at most 128
  /// levels deep.
  ///
  /// With `allowsNonFinite` the words NaN, Infinity and -Infinity, which some writers put where
  /// JSON has no word, and numbers that are too large are read as what they mean, so that a command
  /// can refuse them by name.
  package init(parsing text: String, allowsNonFinite: Bool = false) throws(RunReportError) {
    var parser = JSONParser(bytes: Array(text.utf8), allowsNonFinite: allowsNonFinite)
    self = try parser.parseDocument()
  }
}

/// Reads JSON from bytes that are already known to be UTF-8.
private struct JSONParser {
  let bytes: [UInt8]
  let allowsNonFinite: Bool
  var offset = 0

  private static let depthMax = 128

  init(bytes: [UInt8], allowsNonFinite: Bool) {
    self.bytes = bytes
    self.allowsNonFinite = allowsNonFinite
  }

  mutating func parseDocument() throws(RunReportError) -> JSONValue {
    let value = try parseValue(depth: 0)
    skipSpace()
    if offset < bytes.count { throw error("characters after the value") }
    return value
  }

  private func error(_ reason: String) -> RunReportError {
    .json(offset: offset, reason: reason)
  }

  private var current: UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func take(_ byte: Character) -> Bool {
    guard current == byte.asciiValue else { return false }
    offset += 1
    return true
  }

  private mutating func parseValue(depth: Int) throws(RunReportError) -> JSONValue {
    if depth > Self.depthMax { throw error("nested deeper than \(Self.depthMax) levels") }
    skipSpace()
    switch current {
    case nil: throw error("the text ends where a value should be")
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "N") where allowsNonFinite: return try parseWord("NaN", .number(.nan))
    case UInt8(ascii: "I") where allowsNonFinite:
      return try parseWord("Infinity", .number(.infinity))
    case UInt8(ascii: "-") where allowsNonFinite && bytes[offset...].starts(with: "-I".utf8):
      return try parseWord("-Infinity", .number(-.infinity))
    default: return try parseNumber()
    }
  }

  private mutating func parseWord(
    _ word: String,
    _ value: JSONValue
  ) throws(RunReportError) -> JSONValue {
    guard bytes[offset...].starts(with: word.utf8) else { throw error("expected \(word)") }
    offset += word.utf8.count
    return value
  }

  private mutating func parseObject(depth: Int) throws(RunReportError) -> JSONValue {
    offset += 1
    var members: [JSONMember] = []
    var names = Set<String>()
    skipSpace()
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw error("expected a name in quotes") }
      let name = try parseString()
      if !names.insert(name).inserted { throw error("the name \"\(name)\" occurs twice") }
      skipSpace()
      guard take(":") else { throw error("expected ':' after the name \"\(name)\"") }
      members.append(JSONMember(name, try parseValue(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("expected ',' or '}'") }
    return .object(members)
  }

  private mutating func parseArray(depth: Int) throws(RunReportError) -> JSONValue {
    offset += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array([]) }
    repeat {
      elements.append(try parseValue(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("expected ',' or ']'") }
    return .array(elements)
  }

  private mutating func parseNumber() throws(RunReportError) -> JSONValue {
    let start = offset
    var isWhole = true
    if take("-") {}
    if take("0") {
    } else {
      try skipDigits()
    }
    if take(".") {
      isWhole = false
      try skipDigits()
    }
    if take("e") || take("E") {
      isWhole = false
      if take("+") || take("-") {}
      try skipDigits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite || allowsNonFinite else {
      throw error("the number \(text) is too large")
    }
    return .number(value)
  }

  private mutating func skipDigits() throws(RunReportError) {
    let start = offset
    while let byte = current, byte >= 0x30, byte <= 0x39 { offset += 1 }
    if offset == start { throw error("expected a value") }
  }

  private mutating func parseString() throws(RunReportError) -> String {
    offset += 1
    var scalars = String.UnicodeScalarView()
    var runStart = offset
    func run(upTo end: Int) -> String {
      String(decoding: bytes[runStart..<end], as: UTF8.self)
    }
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        scalars.append(contentsOf: run(upTo: offset).unicodeScalars)
        offset += 1
        return String(scalars)
      case UInt8(ascii: "\\"):
        scalars.append(contentsOf: run(upTo: offset).unicodeScalars)
        offset += 1
        scalars.append(try parseEscape())
        runStart = offset
      case 0..<0x20: throw error("a control character in a string must be escaped")
      default: offset += 1
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func parseEscape() throws(RunReportError) -> Unicode.Scalar {
    guard let byte = current else { throw error("the text ends inside a string") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try parseUnicodeEscape()
    default: throw error("unknown escape")
    }
  }

  private mutating func parseUnicodeEscape() throws(RunReportError) -> Unicode.Scalar {
    let high = try parseFourHexDigits()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard high < 0xdc00, take("\\"), take("u") else { throw error("half of a surrogate pair") }
    let low = try parseFourHexDigits()
    guard low >= 0xdc00, low < 0xe000,
      let scalar = Unicode.Scalar(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    else { throw error("half of a surrogate pair") }
    return scalar
  }

  private mutating func parseFourHexDigits() throws(RunReportError) -> UInt32 {
    guard bytes.count - offset >= 4 else { throw error("expected four hexadecimal digits") }
    var value: UInt32 = 0
    for byte in bytes[offset..<offset + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
    }
    offset += 4
    return value
  }
}
