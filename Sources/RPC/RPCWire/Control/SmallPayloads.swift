/// The one number of a WINDOW payload (W29).
package enum WindowPayload {
  /// Reads a credit in bytes.
  static func read(_ bytes: RawSpan) throws(WireError) -> Int {
    var credit: UInt64 = 0
    var offset = 0
    while offset < bytes.byteCount {
      let (number, field) = try readField(bytes, &offset, end: bytes.byteCount)
      if number == 1 { credit = try readNumber(field, "credit_bytes") }
    }
    guard (1...UInt64(WireLimits.windowBytesMax)).contains(credit) else {
      throw WireError(rule: 29, "credit of \(credit) bytes")
    }
    return Int(credit)
  }

  /// Appends a whole WINDOW frame.
  static func encode(creditBytes: Int, callID: UInt64, into buffer: inout WireBuffer) {
    let credit = UInt64(creditBytes)
    buffer.append(
      FrameHeader(type: .window, callID: callID, length: varintFieldByteCount(credit))
    )
    buffer.append(field: 1, varint: credit)
  }
}

/// The one number of PING and PONG payloads (W33).
package enum PingPayload {
  /// Reads the opaque value.
  static func read(_ bytes: RawSpan) throws(WireError) -> UInt64 {
    var opaque: UInt64 = 0
    var offset = 0
    while offset < bytes.byteCount {
      let (number, field) = try readField(bytes, &offset, end: bytes.byteCount)
      guard number == 1 else { continue }
      guard case .fixed64(let value) = field else { throw malformed("opaque has the wrong type") }
      opaque = value
    }
    return opaque
  }

  /// Appends a whole PING or PONG frame.
  static func encode(_ type: FrameType, opaque: UInt64, into buffer: inout WireBuffer) {
    buffer.append(FrameHeader(type: type, length: opaque == 0 ? 0 : 9))
    buffer.append(field: 1, fixed64: opaque)
  }
}
