// A reader and writer for the few protobuf shapes that control messages use. They live here rather
// than in generated code because a CALL and a STATUS pass through them for every call: no arena, no
// C structs, no allocation besides the texts themselves.

/// One field of a protobuf message as it was found.
enum ProtobufField {
  /// Wire type 0.
  case varint(UInt64)
  /// Wire type 1.
  case fixed64(UInt64)
  /// Wire type 2: where the content lies.
  case bytes(Range<Int>)
  /// Wire type 5.
  case fixed32
}

/// Reads the field that begins at `offset`, moving `offset` behind it.
///
/// - Throws: `WireError` for rule 7 when the bytes are not protobuf.
func readField(
  _ bytes: RawSpan,
  _ offset: inout Int,
  end: Int
) throws(WireError) -> (number: UInt64, field: ProtobufField) {
  let key = try readVarint(bytes, &offset, end: end)
  let number = key >> 3
  guard number != 0 else { throw malformed("field number 0") }
  switch key & 7 {
  case 0:
    return (number, .varint(try readVarint(bytes, &offset, end: end)))
  case 1:
    guard end - offset >= 8 else { throw malformed("truncated fixed64") }
    let value = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    offset += 8
    return (number, .fixed64(UInt64(littleEndian: value)))
  case 2:
    let length = try readVarint(bytes, &offset, end: end)
    guard length <= UInt64(end - offset) else { throw malformed("truncated bytes") }
    let content = offset..<(offset + Int(length))
    offset = content.upperBound
    return (number, .bytes(content))
  case 5:
    guard end - offset >= 4 else { throw malformed("truncated fixed32") }
    offset += 4
    return (number, .fixed32)
  default:
    throw malformed("wire type \(key & 7)")
  }
}

/// Reads a varint of at most ten bytes.
func readVarint(_ bytes: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
  var value: UInt64 = 0
  var shift: UInt64 = 0
  while offset < end {
    let byte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
    offset += 1
    guard shift < 63 || byte <= 1 else { break }
    value |= UInt64(byte & 0x7f) << shift
    if byte < 0x80 { return value }
    shift += 7
    guard shift < 70 else { break }
  }
  throw malformed("varint")
}

/// Whether a field holds exactly this text.
func isText(_ bytes: RawSpan, _ field: ProtobufField, _ text: String) -> Bool {
  guard case .bytes(let range) = field, range.count == text.utf8.count else { return false }
  var text = text
  return text.withUTF8 { known in
    unsafe bytes.extracting(range).withUnsafeBytes { unsafe $0.elementsEqual(known) }
  }
}

/// Whether a byte of a range is zero.
func holdsNUL(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
  unsafe bytes.extracting(range).withUnsafeBytes { bytes in
    for byte in unsafe bytes where byte == 0 { return true }
    return false
  }
}

/// Reads the text in a range; nil when it is not UTF-8.
func readText(_ bytes: RawSpan, _ range: Range<Int>) -> String? {
  unsafe bytes.extracting(range).withUnsafeBytes {
    unsafe String(validating: $0, as: UTF8.self)
  }
}

/// Reads a text that must be UTF-8 and, when it is an identifier, free of NUL (W7).
func readText(
  _ bytes: RawSpan,
  _ field: ProtobufField,
  _ name: String,
  isIdentifier: Bool
) throws(WireError) -> String {
  guard case .bytes(let range) = field else { throw malformed("\(name) has the wrong type") }
  guard let text = readText(bytes, range) else { throw malformed("\(name) is not UTF-8") }
  if isIdentifier, holdsNUL(bytes, range) { throw malformed("\(name) holds a NUL") }
  return text
}

/// Reads a number that must be a varint.
func readNumber(_ field: ProtobufField, _ name: String) throws(WireError) -> UInt64 {
  guard case .varint(let value) = field else { throw malformed("\(name) has the wrong type") }
  return value
}

/// A code as sent, with numbers this version does not know taken as UNKNOWN (WIRE.md section 9).
func readCode(_ field: ProtobufField) throws(WireError) -> StatusCode {
  let number = try readNumber(field, "code")
  return UInt8(exactly: number).flatMap(StatusCode.init(rawValue:)) ?? .unknown
}

/// A control payload that is not the protobuf message it should be (W7).
func malformed(_ detail: String) -> WireError {
  WireError(rule: 7, "malformed control message: \(detail)")
}

extension WireBuffer {
  /// Appends a varint field, left out when zero.
  mutating func append(field number: UInt64, varint value: UInt64) {
    guard value != 0 else { return }
    append(varint: number << 3)
    append(varint: value)
  }

  /// Appends a text field, left out when empty.
  mutating func append(field number: UInt64, text: String) {
    var text = text
    let count = text.utf8.count
    guard count != 0 else { return }
    append(varint: number << 3 | 2)
    append(varint: UInt64(count))
    text.withUTF8 { unsafe append(RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))) }
  }

  /// Appends a fixed64 field, left out when zero.
  mutating func append(field number: UInt64, fixed64 value: UInt64) {
    guard value != 0 else { return }
    append(varint: number << 3 | 1)
    append(littleEndian: value)
  }
}

/// Bytes a varint takes.
func varintByteCount(_ value: UInt64) -> Int {
  (70 - (value | 1).leadingZeroBitCount) / 7
}

/// Bytes a field with a length takes, 0 when it would be left out.
func textFieldByteCount(_ text: String) -> Int {
  let count = text.utf8.count
  return count == 0 ? 0 : 1 + varintByteCount(UInt64(count)) + count
}

/// Bytes a varint field takes, 0 when it would be left out; for field numbers below 16.
func varintFieldByteCount(_ value: UInt64) -> Int {
  value == 0 ? 0 : 1 + varintByteCount(value)
}

/// The longest prefix of at most `byteCountMax` bytes that ends at a character's boundary (W26).
func cut(_ text: String, toBytes byteCountMax: Int) -> String {
  guard text.utf8.count > byteCountMax else { return text }
  var end = text.utf8.index(text.utf8.startIndex, offsetBy: byteCountMax)
  while end.samePosition(in: text.unicodeScalars) == nil {
    end = text.utf8.index(before: end)
  }
  return String(text[..<end])
}
