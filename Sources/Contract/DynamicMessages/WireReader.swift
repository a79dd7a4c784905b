internal import Descriptors

/// The values of one message, found on the wire but not yet interpreted.
struct WireReader {
  /// One value as it came.
  enum Value {
    case bits(UInt64)
    case content(ArraySlice<UInt8>)
  }

  private let bytes: ArraySlice<UInt8>
  private var cursor: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    cursor = bytes.startIndex
  }

  var isAtEnd: Bool { cursor >= bytes.endIndex }

  /// Reads the values of a message by the position of their field; unknown fields are skipped.
  static func values(
    of type: DynamicType,
    in bytes: ArraySlice<UInt8>
  ) throws(DynamicMessageError) -> [Int: [Value]] {
    var reader = WireReader(bytes)
    var values: [Int: [Value]] = [:]
    var chosen: [Int: Int] = [:]
    while !reader.isAtEnd {
      let key = try reader.varint()
      guard key >> 3 >= 1, key >> 3 < 1 << 29, let kind = WireKind(rawValue: key & 7) else {
        throw .field(path: "", reason: "the bytes hold the impossible field key \(key)")
      }
      let value = try reader.value(kind)
      guard let index = type.index(numbered: Int32(key >> 3)) else { continue }
      let field = type.fields[index]
      if let oneof = field.descriptor.oneofIndex {
        // The last member of a oneof wins.
        if let other = chosen.updateValue(index, forKey: oneof), other != index {
          values[other] = nil
        }
      }
      let isPacked = kind == .lengthPrefixed && field.descriptor.kind.isPackable
      guard kind == field.descriptor.kind.wireKind || (isPacked && field.descriptor.isRepeated)
      else {
        throw .field(path: field.jsonName, reason: "the bytes hold another type of value")
      }
      values[index, default: []].append(value)
    }
    return values
  }

  /// Reads one value without its key.
  mutating func value(_ kind: WireKind) throws(DynamicMessageError) -> Value {
    switch kind {
    case .varint: return .bits(try varint())
    case .fixed64: return .bits(try little(8))
    case .fixed32: return .bits(try little(4))
    case .lengthPrefixed:
      let length = try varint()
      guard length <= UInt64(bytes.endIndex - cursor) else { throw truncated }
      let start = cursor
      cursor += Int(length)
      return .content(bytes[start..<cursor])
    }
  }

  private mutating func varint() throws(DynamicMessageError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < bytes.endIndex {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift += 7
      guard shift < 70 else {
        throw .field(path: "", reason: "the bytes hold a number longer than ten bytes")
      }
    }
    throw truncated
  }

  private mutating func little(_ count: Int) throws(DynamicMessageError) -> UInt64 {
    guard bytes.endIndex - cursor >= count else { throw truncated }
    var value: UInt64 = 0
    for position in 0..<count {
      value |= UInt64(bytes[cursor + position]) << UInt64(8 * position)
    }
    cursor += count
    return value
  }

  private var truncated: DynamicMessageError {
    .field(path: "", reason: "the bytes end in the middle of a field")
  }
}
