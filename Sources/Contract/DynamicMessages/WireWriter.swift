/// The bytes of a message as they are written.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func key(_ number: Int32, _ kind: WireKind) {
    varint(UInt64(UInt32(bitPattern: number)) << 3 | kind.rawValue)
  }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func little(_ value: UInt64, byteCount: Int) {
    for position in 0..<byteCount {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * position)))
    }
  }

  /// A length-prefixed field.
  mutating func field(_ number: Int32, _ content: [UInt8]) {
    key(number, .lengthPrefixed)
    varint(UInt64(content.count))
    bytes += content
  }
}
