/// One key and value sent with a call or its status (W25).
package struct MetadataEntry: Sendable, Equatable {
  package var key: String
  package var value: String

  /// States an entry; `firstInvalid` checks it.
  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  /// Bytes this entry counts against `metadata_bytes_max`.
  package var cost: Int {
    key.utf8.count + value.utf8.count + WireLimits.metadataEntryOverheadBytes
  }

  /// Whether the key is well formed (W25).
  package var isKeyValid: Bool {
    let utf8 = key.utf8
    guard (1...WireLimits.metadataKeyBytesMax).contains(utf8.count) else { return false }
    return utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }

  /// Whether the key belongs to WIRE.md itself (W25).
  var isKeyReserved: Bool { key.hasPrefix(WireLimits.reservedKeyPrefix) }

  /// Checks the entries of one call (W25).
  ///
  /// - Returns: the status that refuses them, or nil when all is well.
  package static func refusal(of entries: [MetadataEntry], bytesMax: Int) -> EndStatus? {
    guard !entries.isEmpty else { return nil }
    guard entries.count <= WireLimits.metadataEntriesMax else {
      return EndStatus(
        code: .resourceExhausted,
        message: "\(entries.count) metadata entries, at most \(WireLimits.metadataEntriesMax)"
      )
    }
    let cost = entries.reduce(0) { $0 + $1.cost }
    guard cost <= bytesMax else {
      return EndStatus(
        code: .resourceExhausted,
        message: "metadata counts \(cost) bytes, at most \(bytesMax)"
      )
    }
    for entry in entries where !entry.isKeyValid || entry.isKeyReserved {
      let fault =
        entry.isKeyValid
        ? "begins with \(WireLimits.reservedKeyPrefix), which is reserved"
        : "is not 1 to 64 of a-z 0-9 . _ -"
      return EndStatus(
        code: .invalidArgument,
        message: "metadata key \"\(cut(entry.key, toBytes: 64))\" \(fault)"
      )
    }
    return nil
  }

  var payloadByteCount: Int { textFieldByteCount(key) + textFieldByteCount(value) }

  init(_ bytes: RawSpan, _ field: ProtobufField) throws(WireError) {
    self.init(key: "", value: "")
    guard case .bytes(let range) = field else { throw malformed("metadata has the wrong type") }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let (number, field) = try readField(bytes, &offset, end: range.upperBound)
      switch number {
      case 1: key = try readText(bytes, field, "metadata key", isIdentifier: true)
      case 2: value = try readText(bytes, field, "metadata value", isIdentifier: false)
      default: break
      }
    }
  }
}

extension WireBuffer {
  /// Appends metadata entries as a repeated message field.
  mutating func append(field number: UInt64, metadata entries: [MetadataEntry]) {
    for entry in entries {
      append(varint: number << 3 | 2)
      append(varint: UInt64(entry.payloadByteCount))
      append(field: 1, text: entry.key)
      append(field: 2, text: entry.value)
    }
  }
}

/// Bytes of a repeated metadata field with a field number below 16.
func metadataByteCount(_ entries: [MetadataEntry]) -> Int {
  var count = 0
  for entry in entries {
    let payload = entry.payloadByteCount
    count += 1 + varintByteCount(UInt64(payload)) + payload
  }
  return count
}
