/// Opens a call: method, time left and metadata (W24, W25).
package struct CallHeader: Sendable, Equatable {
  /// Full name: "morlaif.v1.Scalarizer/Scalarize".
  package var method: String
  /// Time left in microseconds; 0 means none.
  package var timeoutMicroseconds: UInt64
  package var metadata: [MetadataEntry]

  /// States a header.
  package init(method: String, timeoutMicroseconds: UInt64 = 0, metadata: [MetadataEntry] = []) {
    self.method = method
    self.timeoutMicroseconds = timeoutMicroseconds
    self.metadata = metadata
  }

  /// Reads the header block in `range` of a CALL payload (W7, W24, W26).
  ///
  /// - Parameters:
  ///   - bytes: the payload.
  ///   - range: where the header block lies in it.
  ///   - knownMethod: a method that was read before; taken over when the bytes are the same.
  /// - Throws: `WireError` when the block is no such message or the method too long.
  package init(
    _ bytes: RawSpan,
    _ range: Range<Int>,
    knownMethod: String = ""
  ) throws(WireError) {
    self.init(method: "")
    var offset = range.lowerBound
    while offset < range.upperBound {
      let (number, field) = try readField(bytes, &offset, end: range.upperBound)
      switch number {
      case 1:
        method =
          isText(bytes, field, knownMethod)
          ? knownMethod : try readText(bytes, field, "method", isIdentifier: true)
      case 2: timeoutMicroseconds = try readNumber(field, "timeout_us")
      case 3: metadata.append(try MetadataEntry(bytes, field))
      default: break
      }
    }
    guard method.utf8.count <= WireLimits.methodBytesMax else {
      throw WireError(
        rule: 26,
        "method name of \(method.utf8.count) bytes, at most \(WireLimits.methodBytesMax)"
      )
    }
    timeoutMicroseconds = min(timeoutMicroseconds, WireLimits.timeoutMicrosecondsMax)
  }

  /// Bytes `encodeBlock` will append.
  package var byteCount: Int {
    textFieldByteCount(method) + varintFieldByteCount(timeoutMicroseconds)
      + metadataByteCount(metadata)
  }

  /// Appends the header block.
  func encodeBlock(into buffer: inout WireBuffer) {
    buffer.append(field: 1, text: method)
    buffer.append(field: 2, varint: timeoutMicroseconds)
    buffer.append(field: 3, metadata: metadata)
  }
}
