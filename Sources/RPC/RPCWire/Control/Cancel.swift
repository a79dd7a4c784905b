/// The client abandons a call (W19).
package struct Cancel: Sendable, Equatable {
  /// CANCELLED or DEADLINE_EXCEEDED.
  package var code: StatusCode
  package var reason: String

  /// States why a call is abandoned.
  package init(code: StatusCode = .cancelled, reason: String = "") {
    self.code = code
    self.reason = reason
  }

  /// Reads a CANCEL payload (W7).
  package init(_ bytes: RawSpan) throws(WireError) {
    self.init()
    var offset = 0
    while offset < bytes.byteCount {
      let (number, field) = try readField(bytes, &offset, end: bytes.byteCount)
      switch number {
      case 1: code = try readCode(field)
      case 2: reason = try readText(bytes, field, "reason", isIdentifier: false)
      default: break
      }
    }
  }

  /// Appends the whole CANCEL frame.
  func encode(callID: UInt64, into buffer: inout WireBuffer) {
    let reason = cut(reason, toBytes: WireLimits.reasonBytesMax)
    let length = varintFieldByteCount(UInt64(code.rawValue)) + textFieldByteCount(reason)
    buffer.append(FrameHeader(type: .cancel, callID: callID, length: length))
    buffer.append(field: 1, varint: UInt64(code.rawValue))
    buffer.append(field: 2, text: reason)
  }
}
