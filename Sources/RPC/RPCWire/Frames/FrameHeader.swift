/// The kinds of frames (WIRE.md section 2).
package enum FrameType: UInt8, Sendable, CaseIterable {
  case hello = 1
  case call = 2
  case message = 3
  case end = 4
  case status = 5
  case cancel = 6
  case window = 7
  case ping = 8
  case pong = 9
  case goAway = 10

  /// Flags this type may carry (W5).
  var allowedFlags: FrameFlags {
    switch self {
    case .call: [.end, .message, .more, .compressed]
    case .message: [.end, .more, .compressed]
    case .status: [.message, .compressed]
    default: []
    }
  }

  /// Whether the payload is one small control message (W6).
  package var isControl: Bool {
    switch self {
    case .call, .message, .end, .status: false
    default: true
    }
  }
}

/// Flag bits of a frame header (WIRE.md section 2).
package struct FrameFlags: OptionSet, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The client sends no more messages in this call.
  package static let end = FrameFlags(rawValue: 0x01)
  /// The payload holds message bytes after the header block.
  package static let message = FrameFlags(rawValue: 0x02)
  /// The message goes on in the call's next MESSAGE frame.
  package static let more = FrameFlags(rawValue: 0x04)
  /// The message that begins here is a zlib stream (W39); needs the feature.
  package static let compressed = FrameFlags(rawValue: 0x08)
}

/// The 16 bytes before every payload (WIRE.md section 2).
package struct FrameHeader: Sendable, Equatable {
  /// Size of a header in bytes.
  package static let byteCount = 16

  package var type: FrameType
  package var flags: FrameFlags
  /// 0 for the connection itself.
  package var callID: UInt64
  /// Bytes of payload, header not counted.
  package var length: Int

  /// States a header; the encoder's side.
  package init(type: FrameType, flags: FrameFlags = [], callID: UInt64 = 0, length: Int) {
    self.type = type
    self.flags = flags
    self.callID = callID
    self.length = length
  }

  /// Bytes this frame takes from the windows, when it is one that costs (W27).
  package var cost: Int { FrameHeader.byteCount + length }

  /// Whether this frame costs window (W27).
  package var isFlowControlled: Bool {
    switch type {
    case .call, .message: true
    case .status: flags.contains(.message)
    default: false
    }
  }

  /// Reads the 16 bytes at `offset` and checks all that needs no state (W5, W6, W7, W8).
  ///
  /// - Parameters:
  ///   - bytes: at least 16 from `offset` on.
  ///   - offset: where the header begins.
  ///   - framePayloadBytesMax: the receiver's announced limit, in bytes.
  /// - Throws: `WireError` naming the rule that the header breaks.
  package init(_ bytes: RawSpan, at offset: Int, framePayloadBytesMax: Int) throws(WireError) {
    let length = Int(
      unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian
    )
    let typeByte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 4, as: UInt8.self)
    let flagByte = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 5, as: UInt8.self)
    let reserved = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 6, as: UInt16.self)
    let callID = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
      .bigEndian
    guard let type = FrameType(rawValue: typeByte) else {
      throw WireError(rule: 5, "unknown frame type \(typeByte)")
    }
    let flags = FrameFlags(rawValue: flagByte)
    guard reserved == 0, type.allowedFlags.isSuperset(of: flags) else {
      throw WireError(rule: 5, "reserved bits or flags \(flagByte) set in a \(type) frame")
    }
    let lengthMax = type.isControl ? WireLimits.controlPayloadBytesMax : framePayloadBytesMax
    guard length <= lengthMax else {
      throw WireError(rule: 6, "\(type) payload of \(length) bytes, at most \(lengthMax) allowed")
    }
    self.init(type: type, flags: flags, callID: callID, length: length)
    try checkCallID()
    try checkShape()
  }

  /// W7: which types belong to a call and which to the connection.
  private func checkCallID() throws(WireError) {
    let isValid: Bool
    switch type {
    case .hello, .ping, .pong, .goAway: isValid = callID == 0
    case .window: isValid = callID <= WireLimits.callIDMax
    case .call, .message, .end, .status, .cancel:
      isValid = callID != 0 && callID <= WireLimits.callIDMax
    }
    guard isValid else { throw WireError(rule: 7, "call id \(callID) in a \(type) frame") }
  }

  /// W8 and the empty payload of END.
  private func checkShape() throws(WireError) {
    if flags.isSuperset(of: [.end, .more]) {
      throw WireError(rule: 8, "END and MORE together in a \(type) frame")
    }
    if type == .call, flags.contains(.more), !flags.contains(.message) {
      throw WireError(rule: 8, "MORE without MESSAGE in a call frame")
    }
    if type == .end, length != 0 {
      throw WireError(rule: 7, "end frame with \(length) bytes of payload")
    }
    if type == .call || type == .status, length < 4 {
      throw WireError(rule: 26, "\(type) payload of \(length) bytes has no header block length")
    }
  }
}
