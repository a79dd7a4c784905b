package import CProtobufC
internal import LargeMemory

/// What protobuf-c knows of a message, as its generated code has it.
package struct MessageKind: @unchecked Sendable {
  // SAFETY: points to a constant in C's read-only data that lives as long as the process.
  package let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  /// Wraps the descriptor that an initialised C message refers to.
  package init?(of base: ProtobufCMessage) {
    guard let pointer = base.descriptor else { return nil }
    self.pointer = pointer
  }
}

/// A message as protobuf-c unpacked it, with the memory it lies in.
package struct UnpackedMessage: ~Copyable {
  private let arena: MessageArena
  /// The C struct of the message.
  package let root: UnsafeRawPointer

  /// Checks and unpacks a message.
  ///
  /// - Throws: `tooLarge`, `arenaExhausted`, and what `WireScanner` finds.
  package init(
    _ bytes: UnsafeRawBufferPointer,
    as kind: MessageKind?,
    _ name: String,
    _ limits: DecodingLimits
  ) throws(MessageError) {
    guard bytes.count <= limits.byteCountMax else {
      throw .tooLarge(
        message: name,
        byteCount: bytes.count,
        byteCountMax: limits.byteCountMax
      )
    }
    guard let descriptor = kind?.pointer else {
      throw .malformed(message: name, field: "", reason: "protobuf-c does not know the message")
    }
    try WireScanner(bytes: bytes, depthMax: limits.depthMax)
      .scan(0..<bytes.count, descriptor, depth: 1)
    // Twice the bytes and a little is what most messages need, so that one block is enough.
    let guess = 1024 + 2 * min(bytes.count, 1 << 28)
    let arena = try MessageArena(byteCountMax: limits.arenaByteCountMax, firstByteCount: guess)
    let data = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let root = protobuf_c_message_unpack(descriptor, arena.allocator, bytes.count, data)
    else {
      if arena.isExhausted {
        throw .arenaExhausted(message: name, arenaByteCountMax: limits.arenaByteCountMax)
      }
      throw .malformed(message: name, field: "", reason: "the bytes are not such a message")
    }
    self.arena = arena
    self.root = UnsafeRawPointer(root)
  }
}

extension MessageArena {
  /// Packs a C message built in this arena and lends the bytes to `body`.
  ///
  /// - Throws: `tooLarge` above 2 GiB, which protobuf cannot carry, and what `body` throws.
  package func withPacked<Result>(
    _ message: UnsafeRawPointer,
    _ name: String,
    _ body: (UnsafeRawBufferPointer) throws(MessageError) -> Result
  ) throws(MessageError) -> Result {
    let byteCount = try packedByteCount(message, name)
    guard byteCount > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    let target = UnsafeMutableRawBufferPointer(start: try allocate(byteCount), count: byteCount)
    try pack(message, name, into: target)
    return try body(UnsafeRawBufferPointer(target))
  }

  /// Packs a C message built in this arena into an array.
  ///
  /// - Throws: `tooLarge` above 2 GiB, which protobuf cannot carry.
  package func packed(_ message: UnsafeRawPointer, _ name: String) throws(MessageError) -> [UInt8] {
    let byteCount = try packedByteCount(message, name)
    var failure: MessageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      let target = UnsafeMutableRawBufferPointer(buffer)
      LargeMemory.expectUse(of: target)
      do throws(MessageError) {
        // The array may have more room than was asked for.
        if byteCount > 0 {
          try pack(
            message,
            name,
            into: UnsafeMutableRawBufferPointer(rebasing: target[..<byteCount])
          )
        }
        count = byteCount
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private func packedByteCount(
    _ message: UnsafeRawPointer,
    _ name: String
  ) throws(MessageError) -> Int {
    let byteCount = protobuf_c_message_get_packed_size(
      message.assumingMemoryBound(to: ProtobufCMessage.self)
    )
    guard byteCount >= 0, byteCount <= Int(Int32.max) else {
      throw .tooLarge(message: name, byteCount: byteCount, byteCountMax: Int(Int32.max))
    }
    return byteCount
  }

  private func pack(
    _ message: UnsafeRawPointer,
    _ name: String,
    into target: UnsafeMutableRawBufferPointer
  ) throws(MessageError) {
    let written = protobuf_c_message_pack(
      message.assumingMemoryBound(to: ProtobufCMessage.self),
      target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    )
    guard written == target.count else {
      throw .malformed(message: name, field: "", reason: "the message changed while it was packed")
    }
  }
}
