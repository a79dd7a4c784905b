package import CProtobufC
internal import LargeMemory

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
  let count = strlen(pointer)
  return try pointer.withMemoryRebound(to: UInt8.self, capacity: count) {
    (start) throws(MessageError) in
    try copyText(UnsafeBufferPointer(start: start, count: count), message, field)
  }
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
  return try copyText(UnsafeBufferPointer(start: start, count: data.len), message, field)
}

/// Measured: a short text takes 25 ns by way of the span, and 125 by `String(validating:as:)`.
private func copyText(
  _ bytes: UnsafeBufferPointer<UInt8>,
  _ message: String,
  _ field: String
) throws(MessageError) -> String {
  do {
    return String(copying: try UTF8Span(validating: Span(_unsafeElements: bytes)))
  } catch {
    throw .invalidUTF8(message: message, field: field)
  }
}

/// Copies bytes out of an unpacked message.
package func readBytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  guard data.len > 0, let start = data.data else { return [] }
  return [UInt8](UnsafeBufferPointer(start: start, count: data.len))
}

/// Copies a list of numbers out of an unpacked message.
@inlinable
package func readNumbers<Number: BitwiseCopyable>(
  _ start: UnsafeMutablePointer<Number>?,
  _ count: Int
) -> [Number] {
  guard let start, count > 0 else { return [] }
  // Raw: numbers that lie in the message itself may have any address.
  let bytes = UnsafeRawBufferPointer(
    start: UnsafeRawPointer(start),
    count: count * MemoryLayout<Number>.stride
  )
  return count < manyNumbers ? copyNumbers(bytes, count) : copyManyNumbers(bytes, count)
}

@inlinable
func copyNumbers<Number: BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer,
  _ count: Int
) -> [Number] {
  [Number](unsafeUninitializedCapacity: count) { target, filled in
    UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
    filled = count
  }
}

/// From how many numbers on the copy is worth a call.
@usableFromInline
package let manyNumbers = 65_536

/// Copies a long list of numbers into large pages.
@usableFromInline
func copyManyNumbers<Number: BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer,
  _ count: Int
) -> [Number] {
  [Number](unsafeUninitializedCapacity: count) { target, filled in
    LargeMemory.expectUse(of: UnsafeMutableRawBufferPointer(target))
    UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
    filled = count
  }
}

/// Whether one of the `count` bytes is zero.
func holdsNUL(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
  memchr(start, 0, count) != nil
}
