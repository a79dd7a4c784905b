/// Reads JSON (RFC 8259) strictly: no comments, no trailing commas, no repeated keys.
struct JSONParser {
  /// Most arrays and objects inside each other.
  static let depthMax = 128

  private let bytes: [UInt8]
  private var cursor = 0

  private init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// Reads one value; nothing may follow it.
  ///
  /// - Throws: `DynamicMessageError.json` with line and column.
  static func parse(_ text: String) throws(DynamicMessageError) -> JSONValue {
    var parser = JSONParser(text)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.cursor == parser.bytes.count else {
      throw parser.error("something follows the value")
    }
    return value
  }

  /// Whether `text` is a number as JSON writes numbers.
  static func isNumber(_ text: String) -> Bool {
    var parser = JSONParser(text)
    return (try? parser.number()) != nil && parser.cursor == parser.bytes.count
  }

  private mutating func value(depth: Int) throws(DynamicMessageError) -> JSONValue {
    skipSpace()
    guard let byte = peek() else { throw error("a value is missing") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a value cannot begin like this")
    }
  }

  private mutating func object(depth: Int) throws(DynamicMessageError) -> JSONValue {
    guard depth < Self.depthMax else { throw error("nested more than \(Self.depthMax) deep") }
    cursor += 1
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw error("a key in quotes is missing") }
      let key = try string()
      guard keys.insert(key).inserted else { throw error("the key \"\(key)\" came twice") }
      skipSpace()
      guard take(":") else { throw error("a colon is missing") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("a comma or } is missing") }
    }
  }

  private mutating func array(depth: Int) throws(DynamicMessageError) -> JSONValue {
    guard depth < Self.depthMax else { throw error("nested more than \(Self.depthMax) deep") }
    cursor += 1
    var values: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw error("a comma or ] is missing") }
    }
  }

  private mutating func word(
    _ word: String,
    _ value: JSONValue
  ) throws(DynamicMessageError) -> JSONValue {
    guard bytes[cursor...].starts(with: word.utf8) else { throw error("\(word) is expected") }
    cursor += word.utf8.count
    return value
  }

  private mutating func number() throws(DynamicMessageError) -> JSONValue {
    let start = cursor
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
    return .number(String(decoding: bytes[start..<cursor], as: UTF8.self))
  }

  private mutating func digits() throws(DynamicMessageError) {
    let start = cursor
    while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { cursor += 1 }
    guard cursor > start else { throw error("a digit is missing") }
  }

  private func peek() -> UInt8? {
    cursor < bytes.count ? bytes[cursor] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    cursor += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      cursor += 1
    }
  }

  private func error(_ reason: String) -> DynamicMessageError {
    let before = bytes[..<min(cursor, bytes.count)]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return .json(
      line: before.count(where: { $0 == 0x0A }) + 1,
      column: String(decoding: before[lineStart...], as: UTF8.self).count + 1,
      reason: reason
    )
  }
}

// Strings and their escapes.
extension JSONParser {
  private mutating func string() throws(DynamicMessageError) -> String {
    cursor += 1
    var content: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        cursor += 1
        return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        cursor += 1
        content += try escape()
      case 0..<0x20:
        throw error("a control character in a string has to be escaped")
      default:
        content.append(byte)
        cursor += 1
      }
    }
    throw error("a string does not end")
  }

  private mutating func escape() throws(DynamicMessageError) -> [UInt8] {
    guard let byte = peek() else { throw error("a string does not end") }
    cursor += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try unicodeEscape()
    default: throw error("an escape cannot begin like this")
    }
  }

  private mutating func unicodeEscape() throws(DynamicMessageError) -> [UInt8] {
    let first = try hexadecimal()
    var code = UInt32(first)
    if first >= 0xD800, first < 0xDC00 {
      guard take("\\"), take("u") else { throw error("the second half of a pair is missing") }
      let second = try hexadecimal()
      guard second >= 0xDC00, second < 0xE000 else {
        throw error("the second half of a pair is missing")
      }
      code = 0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw error("half a surrogate pair is not a character")
    }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(DynamicMessageError) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits are expected")
      }
      value = value << 4 | UInt16(digit)
      cursor += 1
    }
    return value
  }
}
