/// Announces that no new calls are taken, or why the connection is being closed (W36, W37).
package struct GoAway: Sendable, Equatable {
  /// Highest call id the server has taken; 0 from a client.
  package var lastCallID: UInt64
  /// OK for an orderly drain.
  package var code: StatusCode
  /// For people; begins with the number of a broken rule.
  package var reason: String

  /// States why and up to which call.
  package init(lastCallID: UInt64 = 0, code: StatusCode = .ok, reason: String = "") {
    self.lastCallID = lastCallID
    self.code = code
    self.reason = reason
  }

  /// Reads a GO_AWAY payload (W7).
  package init(_ bytes: RawSpan) throws(WireError) {
    self.init()
    var offset = 0
    while offset < bytes.byteCount {
      let (number, field) = try readField(bytes, &offset, end: bytes.byteCount)
      switch number {
      case 1: lastCallID = try readNumber(field, "last_call_id")
      case 2: code = try readCode(field)
      case 3: reason = try readText(bytes, field, "reason", isIdentifier: false)
      default: break
      }
    }
  }

  /// Appends the whole GO_AWAY frame.
  func encode(into buffer: inout WireBuffer) {
    let reason = cut(reason, toBytes: WireLimits.reasonBytesMax)
    let length =
      varintFieldByteCount(lastCallID) + varintFieldByteCount(UInt64(code.rawValue))
      + textFieldByteCount(reason)
    buffer.append(FrameHeader(type: .goAway, length: length))
    buffer.append(field: 1, varint: lastCallID)
    buffer.append(field: 2, varint: UInt64(code.rawValue))
    buffer.append(field: 3, text: reason)
  }
}
