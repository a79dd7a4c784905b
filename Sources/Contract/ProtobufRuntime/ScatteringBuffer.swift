internal import CProtobufC
internal import LargeMemory

/// Takes a message from protobuf-c piece by piece and leaves the arrays that an arena keeps where they are.
///
/// protobuf-c hands over the elements of a packed list, and the bytes of a field, at the address at which
/// they lie, so that an address tells whether they are kept.
struct ScatteringBuffer {
  /// First, so that a pointer to it is a pointer to the whole.
  private var base: ProtobufCBuffer
  private let kept: [any LentBytes]
  private var pieces: [any LentBytes] = []
  /// What was written since the last piece.
  private var written: [UInt8] = []

  private init(_ kept: [any LentBytes]) {
    self.kept = kept
    base = ProtobufCBuffer(
      append: { buffer, count, data in
        guard let buffer, let data else { return }
        UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: ScatteringBuffer.self)
          .pointee.append(UnsafeRawBufferPointer(start: data, count: count))
      }
    )
  }

  /// Packs a C message whose large arrays are `kept`.
  static func pack(_ message: UnsafeRawPointer, _ kept: [any LentBytes]) -> ScatteredBytes {
    var buffer = ScatteringBuffer(kept)
    withUnsafeMutablePointer(to: &buffer) { buffer in
      _ = protobuf_c_message_pack_to_buffer(
        message.assumingMemoryBound(to: ProtobufCMessage.self),
        UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: ProtobufCBuffer.self)
      )
    }
    buffer.endPiece()
    var scattered = ScatteredBytes([])
    for piece in buffer.pieces { scattered.append(piece) }
    return scattered
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= MessageArena.keptByteCountMin,
      let array = kept.first(where: { array in
        array.withBytes { $0.baseAddress == bytes.baseAddress && $0.count == bytes.count }
      })
    else { return written.append(contentsOf: bytes) }
    endPiece()
    pieces.append(array)
  }

  private mutating func endPiece() {
    guard !written.isEmpty else { return }
    pieces.append(LentArray(written))
    written = []
  }
}
