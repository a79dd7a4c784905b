package import CProtobufC

// What generated code calls to put a Swift value where protobuf-c can read it.
extension MessageArena {
  /// Arrays from this size on are not copied, in bytes.
  @usableFromInline static var keptByteCountMin: Int { 65_536 }

  /// Copies an identifier into the arena, terminated as C wants it.
  ///
  /// - Throws: `embeddedNUL` when the identifier holds a NUL, at which protobuf-c would cut it.
  package func identifier(
    _ value: String,
    _ message: String,
    _ field: String
  ) throws(MessageError) -> UnsafeMutablePointer<CChar> {
    var value = value
    let byteCount = value.utf8.count
    let target = try allocate(byteCount + 1)
    let isSound = value.withUTF8 { source in
      guard let base = source.baseAddress, byteCount > 0 else { return true }
      guard !holdsNUL(base, source.count) else { return false }
      target.copyMemory(from: base, byteCount: source.count)
      return true
    }
    guard isSound else { throw .embeddedNUL(message: message, field: field) }
    target.storeBytes(of: 0, toByteOffset: byteCount, as: UInt8.self)
    return target.assumingMemoryBound(to: CChar.self)
  }

  /// Copies a text into the arena; any text is allowed.
  package func text(_ value: String) throws(MessageError) -> ProtobufCBinaryData {
    var value = value
    let byteCount = value.utf8.count
    guard byteCount > 0 else { return ProtobufCBinaryData(len: 0, data: nil) }
    let target = try allocate(byteCount)
    value.withUTF8 { source in
      if let base = source.baseAddress {
        target.copyMemory(from: base, byteCount: source.count)
      }
    }
    return ProtobufCBinaryData(
      len: byteCount,
      data: target.assumingMemoryBound(to: UInt8.self)
    )
  }

  /// Copies bytes into the arena.
  package func bytes(_ value: [UInt8]) throws(MessageError) -> ProtobufCBinaryData {
    guard !value.isEmpty else { return ProtobufCBinaryData(len: 0, data: nil) }
    return ProtobufCBinaryData(len: value.count, data: try elements(value))
  }

  /// Copies the elements of a list of numbers into the arena; a large list stays where it is.
  ///
  /// - Returns: their address, or nil when there are none.
  @inlinable
  package func elements<Element: BitwiseCopyable & Sendable>(
    _ values: [Element]
  ) throws(MessageError) -> UnsafeMutablePointer<Element>? {
    guard !values.isEmpty else { return nil }
    let byteCount = values.count * MemoryLayout<Element>.stride
    guard byteCount < MessageArena.keptByteCountMin else { return keep(values) }
    let target = try allocate(byteCount)
    values.withUnsafeBytes {
      target.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(target), byteCount: $0.count)
    }
    return target.assumingMemoryBound(to: Element.self)
  }

  /// Takes room for `count` elements, uninitialised.
  @inlinable
  package func room<Element>(
    for count: Int,
    _ type: Element.Type
  ) throws(MessageError) -> UnsafeMutablePointer<Element> {
    let target = try allocate(count * MemoryLayout<Element>.stride)
    return target.bindMemory(to: Element.self, capacity: count)
  }
}
