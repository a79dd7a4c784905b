/// Reads JSON (RFC 8259) strictly; every fault names the file and the byte.
struct JSONParser {
  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private var offset = 0

  /// The deepest nesting that is read; model files need four.
  private static let depthMax = 64

  private init(_ bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Parses a whole document.
  static func parse(
    _ bytes: UnsafeRawBufferPointer,
    file: String
  ) throws(ModelFileError) -> JSONValue {
    var parser = JSONParser(bytes, file: file)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.offset == bytes.count else { throw parser.fault("there is more after the end") }
    return value
  }

  private func fault(_ detail: String) -> ModelFileError {
    .malformed(file: file, detail: "JSON, byte \(offset): \(detail)")
  }

  private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private mutating func value(depth: Int) throws(ModelFileError) -> JSONValue {
    guard depth < Self.depthMax else { throw fault("nested too deeply") }
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-")?, (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
    case nil: throw fault("the document ends too early")
    default: throw fault("a value was expected")
    }
  }

  private mutating func literal(
    _ text: StaticString,
    _ value: JSONValue
  ) throws(ModelFileError) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard current == text.utf8Start[index] else { throw fault("a value was expected") }
      offset += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(ModelFileError) -> JSONValue {
    offset += 1
    var members: [JSONMember] = []
    skipSpace()
    if current == UInt8(ascii: "}") {
      offset += 1
      return .object(members)
    }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw fault("a key was expected") }
      let key = try string()
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw fault("a colon was expected") }
      offset += 1
      members.append(JSONMember(key, try value(depth: depth + 1)))
      skipSpace()
      let byte = current
      offset += 1
      if byte == UInt8(ascii: "}") { return .object(members) }
      guard byte == UInt8(ascii: ",") else { throw fault("a comma or brace was expected") }
    }
  }

  private mutating func array(depth: Int) throws(ModelFileError) -> JSONValue {
    offset += 1
    var values: [JSONValue] = []
    skipSpace()
    if current == UInt8(ascii: "]") {
      offset += 1
      return .array(values)
    }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      let byte = current
      offset += 1
      if byte == UInt8(ascii: "]") { return .array(values) }
      guard byte == UInt8(ascii: ",") else { throw fault("a comma or bracket was expected") }
    }
  }

  private mutating func number() throws(ModelFileError) -> JSONValue {
    let start = offset
    var isInteger = true
    if current == UInt8(ascii: "-") { offset += 1 }
    let leading = current
    try digits()
    if leading == UInt8(ascii: "0"), digitCount(from: start) > 1 {
      throw fault("a number begins with a needless zero")
    }
    if current == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      try digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      offset += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw fault("\(text) is too large") }
    return .number(number)
  }

  private func digitCount(from start: Int) -> Int {
    offset - start - (bytes[start] == UInt8(ascii: "-") ? 1 : 0)
  }

  private mutating func digits() throws(ModelFileError) {
    let start = offset
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
    guard offset > start else { throw fault("a digit was expected") }
  }

  private mutating func string() throws(ModelFileError) -> String {
    offset += 1
    let start = offset
    // Most strings have no escape: they are one slice of the file.
    while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      offset += 1
    }
    guard let stop = current else { throw fault("a string does not end") }
    if stop == UInt8(ascii: "\"") {
      let slice = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
      guard let text = String(validating: slice, as: UTF8.self) else {
        throw fault("a string is not UTF-8")
      }
      offset += 1
      return text
    }
    return try escapedString(beginning: Array(bytes[start..<offset]))
  }

  private mutating func escapedString(
    beginning prefix: [UInt8]
  ) throws(ModelFileError) -> String {
    var utf8 = prefix
    while let byte = current {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: utf8, as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): utf8 += UTF8.encode(try escape()).map(Array.init) ?? []
      case 0..<0x20: throw fault("a control character stands in a string")
      default: utf8.append(byte)
      }
    }
    throw fault("a string does not end")
  }

  /// Reads what follows a backslash.
  private mutating func escape() throws(ModelFileError) -> Unicode.Scalar {
    let byte = current
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
    case UInt8(ascii: "u"):
      let first = try hexQuad()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A high surrogate must be followed by a low one.
      guard (0xD800..<0xDC00).contains(first), current == UInt8(ascii: "\\") else {
        throw fault("a lone surrogate")
      }
      offset += 1
      guard current == UInt8(ascii: "u") else { throw fault("a lone surrogate") }
      offset += 1
      let second = try hexQuad()
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
      else { throw fault("a lone surrogate") }
      return scalar
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hexQuad() throws(ModelFileError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits were expected")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}

extension JSONValue {
  /// Parses a document from memory; `file` is for messages.
  package static func parse(
    _ bytes: UnsafeRawBufferPointer,
    file: String
  ) throws(ModelFileError) -> JSONValue {
    try JSONParser.parse(bytes, file: file)
  }

  /// Reads and parses a file.
  package static func read(path: String) throws(ModelFileError) -> JSONValue {
    let file = try MappedFile(path: path)
    return try JSONParser.parse(file.bytes, file: path)
  }

  /// Reads and parses a file; `nil` when there is none.
  package static func readIfPresent(path: String) throws(ModelFileError) -> JSONValue? {
    guard MappedFile.exists(path) else { return nil }
    return try read(path: path)
  }
}
