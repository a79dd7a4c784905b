/// Cuts a stream of bytes into frames, wherever the reads happened to split it.
///
/// The decoder stops after each header, so that the connection's state can refuse a frame, or have
/// its payload skipped, before any of the payload is held (W6, W22). It never holds more than one
/// incomplete frame.
package struct FrameDecoder: Sendable {
  /// What the decoder found.
  package enum Step: Sendable, Equatable {
    /// The input is used up; feed more.
    case needsInput
    /// A header was read. Ask the state machine, then call `skipPayload` or just go on.
    case header(FrameHeader)
    /// A frame is complete; its payload is this range of the input.
    case frame(FrameHeader, payload: Range<Int>)
    /// A frame is complete; its payload was gathered from several inputs: `gatheredPayload`.
    case gatheredFrame(FrameHeader)
    /// A frame whose payload was dropped has ended.
    case skippedFrame(FrameHeader)
  }

  private enum State: Sendable {
    case header
    case payload(FrameHeader)
    case skipping(FrameHeader, remaining: Int)
  }

  private var state = State.header
  /// Bytes of a split header, or of a split payload.
  private var gathered: [UInt8] = []
  /// Whether `gathered` holds the first bytes of a header rather than a payload.
  private var isGatheringHeader = false
  private let framePayloadBytesMax: Int
  private static let keptCapacity = 4_096

  /// A decoder that refuses payloads above the limit this side announced, in bytes.
  package init(framePayloadBytesMax: Int) {
    self.framePayloadBytesMax = framePayloadBytesMax
  }

  /// Payload of the last `gatheredFrame`; valid until the next call of `advance`.
  package var gatheredPayload: [UInt8] { gathered }

  /// Bytes held of an incomplete frame.
  package var heldByteCount: Int { gathered.count }

  /// Drops the payload of the header just reported instead of gathering it.
  package mutating func skipPayload() {
    guard case .payload(let header) = state else { return }
    state = .skipping(header, remaining: header.length)
  }

  /// Advances to the next header or frame end.
  ///
  /// - Parameters:
  ///   - input: bytes as they came from the transport; the same until `needsInput` is returned.
  ///   - offset: how far `input` is used up; begins at 0 for each new input.
  /// - Returns: what was found; `needsInput` when the input is used up.
  /// - Throws: `WireError` when a header is malformed; the decoder must not be used afterwards.
  package mutating func advance(_ input: RawSpan, _ offset: inout Int) throws(WireError) -> Step {
    switch state {
    case .header:
      return try readHeader(input, &offset)
    case .payload(let header):
      return readPayload(header, input, &offset)
    case .skipping(let header, let remaining):
      let taken = min(remaining, input.byteCount - offset)
      offset += taken
      guard taken == remaining else {
        state = .skipping(header, remaining: remaining - taken)
        return .needsInput
      }
      state = .header
      return .skippedFrame(header)
    }
  }

  private mutating func readHeader(
    _ input: RawSpan,
    _ offset: inout Int
  ) throws(WireError) -> Step {
    if !isGatheringHeader, !gathered.isEmpty {
      // The last payload is no longer needed; a large one must not stay with an idle connection.
      gathered.removeAll(keepingCapacity: gathered.capacity <= FrameDecoder.keptCapacity)
    }
    let available = input.byteCount - offset
    guard available > 0 else { return .needsInput }
    let header: FrameHeader
    if gathered.isEmpty, available >= FrameHeader.byteCount {
      header = try FrameHeader(input, at: offset, framePayloadBytesMax: framePayloadBytesMax)
      offset += FrameHeader.byteCount
    } else {
      let taken = min(FrameHeader.byteCount - gathered.count, available)
      gather(input, offset, taken)
      offset += taken
      isGatheringHeader = true
      guard gathered.count == FrameHeader.byteCount else { return .needsInput }
      header = try unsafe FrameHeader(
        gathered.span.bytes,
        at: 0,
        framePayloadBytesMax: framePayloadBytesMax
      )
      gathered.removeAll(keepingCapacity: true)
      isGatheringHeader = false
    }
    state = .payload(header)
    return .header(header)
  }

  private mutating func readPayload(
    _ header: FrameHeader,
    _ input: RawSpan,
    _ offset: inout Int
  ) -> Step {
    let available = input.byteCount - offset
    if gathered.isEmpty, available >= header.length {
      let payload = offset..<(offset + header.length)
      offset += header.length
      state = .header
      return .frame(header, payload: payload)
    }
    // All of it is coming, so that the bytes need not move while they gather.
    if gathered.isEmpty { gathered.reserveCapacity(header.length) }
    let taken = min(header.length - gathered.count, available)
    gather(input, offset, taken)
    offset += taken
    guard gathered.count == header.length else { return .needsInput }
    state = .header
    return .gatheredFrame(header)
  }

  private mutating func gather(_ input: RawSpan, _ offset: Int, _ count: Int) {
    unsafe input.extracting(offset..<(offset + count)).withUnsafeBytes {
      unsafe gathered.append(contentsOf: $0)
    }
  }
}
