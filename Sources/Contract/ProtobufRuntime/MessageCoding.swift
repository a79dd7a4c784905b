package import CProtobufC
package import LargeMemory

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
  private let cMessage: UnsafeMutableRawPointer

  /// The C struct of the message.
  package var root: UnsafeRawPointer { UnsafeRawPointer(cMessage) }

  /// Checks and unpacks a message.
  ///
  /// Large payloads are not copied: the C struct refers to `bytes`, which must outlive it.
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
    var scanner = WireScanner(bytes: bytes, depthMax: limits.depthMax)
    try scanner.scan(0..<bytes.count, descriptor, depth: 1)
    let slim =
      scanner.slimmablePayloadMax >= SlimMessage.payloadByteCountMin
      ? try SlimMessage(of: scanner, descriptor) : nil
    let byteCount = slim?.bytes.count ?? bytes.count
    // Twice the bytes and a little is what most messages need, so that one block is enough.
    let arena = try MessageArena(
      byteCountMax: limits.arenaByteCountMax,
      firstByteCount: 1024 + 2 * min(byteCount, 1 << 28)
    )
    let result =
      slim?.bytes.withUnsafeBytes { UnpackedMessage.unpack($0, descriptor, name, limits, arena) }
      ?? UnpackedMessage.unpack(bytes, descriptor, name, limits, arena)
    let message = try result.get()
    try slim?.lendPayloads(to: message, arena)
    self.arena = arena
    cMessage = message
  }

  private static func unpack(
    _ bytes: UnsafeRawBufferPointer,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ name: String,
    _ limits: DecodingLimits,
    _ arena: borrowing MessageArena
  ) -> Result<UnsafeMutableRawPointer, MessageError> {
    let data = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    guard let root = protobuf_c_message_unpack(descriptor, arena.allocator, bytes.count, data)
    else {
      if arena.isExhausted {
        return .failure(
          .arenaExhausted(message: name, arenaByteCountMax: limits.arenaByteCountMax)
        )
      }
      return .failure(
        .malformed(message: name, field: "", reason: "the bytes are not such a message")
      )
    }
    return .success(UnsafeMutableRawPointer(root))
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

  /// Packs a C message built in this arena; what the arena keeps stays where it is.
  ///
  /// - Throws: `tooLarge` above 2 GiB, which protobuf cannot carry.
  package func packed(
    _ message: UnsafeRawPointer,
    _ name: String
  ) throws(MessageError) -> ScatteredBytes {
    let byteCount = try packedByteCount(message, name)
    guard kept.isEmpty else { return ScatteringBuffer.pack(message, kept) }
    return ScatteredBytes(try packedInOnePlace(message, name, byteCount))
  }

  private func packedInOnePlace(
    _ message: UnsafeRawPointer,
    _ name: String,
    _ byteCount: Int
  ) throws(MessageError) -> [UInt8] {
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
