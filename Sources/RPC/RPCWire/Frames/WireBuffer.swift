internal import LargeMemory

/// Growing bytes into which frames are encoded, ready to be written to the transport.
package struct WireBuffer: Sendable {
  /// The encoded bytes.
  package private(set) var bytes: [UInt8] = []

  /// An empty buffer.
  package init() {}

  /// Bytes held.
  package var count: Int { bytes.count }

  /// Whether nothing is held.
  package var isEmpty: Bool { bytes.isEmpty }

  /// Empties the buffer, keeping its storage unless it grew beyond `keepingAtMost` bytes.
  package mutating func removeAll(keepingAtMost capacityMax: Int) {
    bytes.removeAll(keepingCapacity: bytes.capacity <= capacityMax)
  }

  /// Appends one byte.
  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Appends an integer in network order.
  mutating func append(bigEndian value: UInt32) {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends an integer as protobuf's fixed64 wants it.
  mutating func append(littleEndian value: UInt64) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends raw bytes.
  mutating func append(_ span: RawSpan) {
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends a part of bytes in several places.
  mutating func append(_ scattered: ScatteredBytes, _ part: Range<Int>) {
    unsafe scattered.forEach(in: part) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends the UTF-8 of a text.
  mutating func append(utf8 text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends a protobuf varint.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a frame header (WIRE.md section 2).
  mutating func append(_ header: FrameHeader) {
    let length = UInt64(UInt32(truncatingIfNeeded: header.length)) << 32
    let first =
      length | UInt64(header.type.rawValue) << 24 | UInt64(header.flags.rawValue) << 16
    unsafe withUnsafeBytes(of: (first.bigEndian, header.callID.bigEndian)) {
      unsafe bytes.append(contentsOf: $0)
    }
  }
}
