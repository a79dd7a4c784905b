package import CProtobufC

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

// What generated code calls to make a Swift value from what protobuf-c unpacked.

/// Copies an identifier out of an unpacked message.
///
/// A NUL inside it was refused before (`WireScanner`), so C's length is the whole length.
///
/// - Throws: `invalidUTF8`.
package func readIdentifier(
  _ pointer: UnsafeMutablePointer<CChar>?,
  _ message: String,
  _ field: String
) throws(MessageError) -> String {
  guard let pointer, pointer.pointee != 0 else { return "" }
  let bytes = UnsafeRawBufferPointer(start: pointer, count: strlen(pointer))
  guard let value = String(validating: bytes, as: UTF8.self) else {
    throw .invalidUTF8(message: message, field: field)
  }
  return value
}

/// Copies a text out of an unpacked message.
///
/// - Throws: `invalidUTF8`.
package func readText(
  _ data: ProtobufCBinaryData,
  _ message: String,
  _ field: String
) throws(MessageError) -> String {
  guard data.len > 0, let start = data.data else { return "" }
  let bytes = UnsafeBufferPointer(start: start, count: data.len)
  guard let value = String(validating: bytes, as: UTF8.self) else {
    throw .invalidUTF8(message: message, field: field)
  }
  return value
}

/// Copies bytes out of an unpacked message.
package func readBytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  guard data.len > 0, let start = data.data else { return [] }
  return [UInt8](UnsafeBufferPointer(start: start, count: data.len))
}

/// Whether one of the `count` bytes is zero.
func holdsNUL(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  memchr(start, 0, count) != nil
}
