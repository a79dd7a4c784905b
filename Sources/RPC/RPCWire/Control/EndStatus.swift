/// How the server ended a call (W18, W38).
package struct EndStatus: Sendable, Equatable {
  package var code: StatusCode
  /// What went wrong, for people; empty when OK.
  package var message: String
  package var metadata: [MetadataEntry]
  /// No handler saw the call, so that any client may send it again.
  package var isUnprocessed: Bool

  /// States how a call ended; the defaults are OK.
  package init(
    code: StatusCode = .ok,
    message: String = "",
    metadata: [MetadataEntry] = [],
    isUnprocessed: Bool = false
  ) {
    self.code = code
    self.message = message
    self.metadata = metadata
    self.isUnprocessed = isUnprocessed
  }

  /// Reads the header block in `range` of a STATUS payload (W7).
  package init(_ bytes: RawSpan, _ range: Range<Int>) throws(WireError) {
    self.init()
    var offset = range.lowerBound
    while offset < range.upperBound {
      let (number, field) = try readField(bytes, &offset, end: range.upperBound)
      switch number {
      case 1: code = try readCode(field)
      case 2: message = try readText(bytes, field, "message", isIdentifier: false)
      case 3: metadata.append(try MetadataEntry(bytes, field))
      case 4: isUnprocessed = try readNumber(field, "unprocessed") != 0
      default: break
      }
    }
  }

  /// Bytes `encodeBlock` will append.
  package var byteCount: Int {
    varintFieldByteCount(UInt64(code.rawValue)) + textFieldByteCount(message)
      + metadataByteCount(metadata) + (isUnprocessed ? 2 : 0)
  }

  /// Appends the header block.
  func encodeBlock(into buffer: inout WireBuffer) {
    buffer.append(field: 1, varint: UInt64(code.rawValue))
    buffer.append(field: 2, text: message)
    buffer.append(field: 3, metadata: metadata)
    buffer.append(field: 4, varint: isUnprocessed ? 1 : 0)
  }

  /// The same with its text cut to the limit (W26).
  func cutToLimits() -> EndStatus {
    var status = self
    status.message = cut(message, toBytes: WireLimits.reasonBytesMax)
    return status
  }
}
