/// What one side of a connection is ready to receive, as announced in its HELLO (W13, section 8).
package struct WireSettings: Sendable, Equatable {
  /// Bytes of payload in one frame.
  package var framePayloadBytesMax = 65_536
  /// Bytes of one message, all its frames together.
  package var messageBytesMax = 67_108_864
  /// Bytes of one call's metadata, counted as W25 says.
  package var metadataBytesMax = 8_192
  /// Calls open at once on the connection.
  package var callsMax = 1_024
  /// Initial window of each call, in bytes.
  package var callWindowBytes = 262_144
  /// Initial window of the connection, in bytes.
  package var connectionWindowBytes = 16_777_216

  /// The defaults of section 8.
  package init() {}

  /// Bytes of a header block that still are acceptable (W26).
  package var headerBlockBytesMax: Int { metadataBytesMax + 16_384 }

  /// Names the first value outside the bounds of section 8, or nil when all are inside.
  package var firstInvalid: String? {
    let bounds: [(name: String, value: Int, range: ClosedRange<Int>)] = [
      ("frame_payload_bytes_max", framePayloadBytesMax, 32_768...16_777_216),
      ("message_bytes_max", messageBytesMax, 1_024...WireLimits.windowBytesMax),
      ("metadata_bytes_max", metadataBytesMax, 1_024...16_384),
      ("calls_max", callsMax, 1...1_000_000),
      ("call_window_bytes", callWindowBytes, 65_536...WireLimits.windowBytesMax),
      ("connection_window_bytes", connectionWindowBytes, 65_536...WireLimits.windowBytesMax),
    ]
    for bound in bounds where !bound.range.contains(bound.value) {
      return "\(bound.name) is \(bound.value), allowed are \(bound.range)"
    }
    return nil
  }
}

/// Limits of WIRE.md that are the same for everybody and not announced.
package enum WireLimits {
  /// The only protocol version so far (W11).
  package static let version: UInt32 = 1
  /// Feature that allows compressed messages (W39).
  package static let compressionFeature = "zlib"
  /// ALPN name (W2).
  package static let applicationProtocol = "morlaif/1"
  /// Payload bytes of HELLO, CANCEL, WINDOW, PING, PONG and GO_AWAY (W6).
  package static let controlPayloadBytesMax = 4_096
  /// Largest window and largest credit (W29).
  package static let windowBytesMax = 2_147_483_647
  /// Largest call id (W7).
  package static let callIDMax = UInt64(Int64.max)
  /// Bytes of a method name (W26).
  package static let methodBytesMax = 256
  /// Bytes of a status message or reason; longer ones are cut by the sender (W26).
  package static let reasonBytesMax = 2_048
  /// Metadata entries of a call (W25).
  package static let metadataEntriesMax = 64
  /// Bytes of a metadata key (W25).
  package static let metadataKeyBytesMax = 64
  /// What keys of applications must not begin with (W25).
  package static let reservedKeyPrefix = "morlaif-"
  /// Bytes each metadata entry counts beyond its key and value (W25).
  package static let metadataEntryOverheadBytes = 32
  /// Bytes of all incomplete messages of one connection (W32).
  package static let assemblyBytesMax = 268_435_456
  /// Longest timeout of a call in microseconds: a year (W24).
  package static let timeoutMicrosecondsMax: UInt64 = 31_536_000_000_000
  /// Features named in a HELLO, and bytes of each (section 8).
  package static let featuresMax = 32
  package static let featureBytesMax = 64
  /// Bytes of the agent name in a HELLO (section 8).
  package static let agentBytesMax = 128
}
