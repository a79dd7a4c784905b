/// How JSON is laid out.
package enum JSONStyle: Sendable {
  /// One member a line, two spaces a level, lists of numbers on one line.
  case pretty
  /// Everything on one line.
  case singleLine
}

/// Writes JSON piece by piece.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private let style: JSONStyle
  /// For each open array or object: whether it has an element yet, and whether it stays on one line.
  private var levels: [(hasElement: Bool, isInline: Bool)] = []
  private var followsKey = false

  init(style: JSONStyle) { self.style = style }

  mutating func beginObject() { open("{", isInline: false) }
  mutating func endObject() { close("}") }
  mutating func beginArray(isInline: Bool) { open("[", isInline: isInline) }
  mutating func endArray() { close("]") }

  mutating func key(_ key: String) {
    separate()
    quote(key)
    bytes.append(UInt8(ascii: ":"))
    if style == .pretty { bytes.append(UInt8(ascii: " ")) }
    followsKey = true
  }

  mutating func string(_ value: String) {
    separate()
    quote(value)
  }

  /// Writes a number, `true`, `false` or `null`.
  mutating func literal(_ value: String) {
    separate()
    bytes += value.utf8
  }

  private mutating func open(_ bracket: Unicode.Scalar, isInline: Bool) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    levels.append((hasElement: false, isInline: isInline || style == .singleLine))
  }

  private mutating func close(_ bracket: Unicode.Scalar) {
    guard let level = levels.popLast() else { return }
    if level.hasElement && !level.isInline { newLine() }
    bytes.append(UInt8(ascii: bracket))
  }

  private mutating func separate() {
    guard !followsKey else {
      followsKey = false
      return
    }
    guard let level = levels.last else { return }
    if level.hasElement {
      bytes.append(UInt8(ascii: ","))
      if level.isInline && style == .pretty { bytes.append(UInt8(ascii: " ")) }
    }
    if !level.isInline { newLine() }
    levels[levels.count - 1].hasElement = true
  }

  private mutating func newLine() {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * levels.count))
  }

  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes += [UInt8(ascii: "\\"), byte]
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0..<0x20, 0x7F:
        let digits = String(byte, radix: 16)
        bytes += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
