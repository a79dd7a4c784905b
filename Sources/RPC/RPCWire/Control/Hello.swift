/// First frame of each side: what it speaks and what it will receive (W10, W11, W12, W13).
package struct Hello: Sendable, Equatable {
  package var versionMin: UInt32 = WireLimits.version
  package var versionMax: UInt32 = WireLimits.version
  package var features: [String] = []
  /// Program and version, for logs.
  package var agent = ""
  package var settings = WireSettings()

  /// A HELLO of this version with default limits.
  package init(agent: String = "", settings: WireSettings = WireSettings()) {
    self.agent = agent
    self.settings = settings
  }

  /// Reads a HELLO payload (W7, W11, W13).
  package init(_ bytes: RawSpan) throws(WireError) {
    self.init()
    versionMin = 0
    versionMax = 0
    var offset = 0
    while offset < bytes.byteCount {
      let (number, field) = try readField(bytes, &offset, end: bytes.byteCount)
      switch number {
      case 1: versionMin = try Hello.number32(field, "version_min")
      case 2: versionMax = try Hello.number32(field, "version_max")
      case 3: features.append(try readText(bytes, field, "features", isIdentifier: true))
      case 4: agent = try readText(bytes, field, "agent", isIdentifier: true)
      case 5: try Hello.read(field, "frame_payload_bytes_max", &settings.framePayloadBytesMax)
      case 6: try Hello.read(field, "message_bytes_max", &settings.messageBytesMax)
      case 7: try Hello.read(field, "metadata_bytes_max", &settings.metadataBytesMax)
      case 8: try Hello.read(field, "calls_max", &settings.callsMax)
      case 9: try Hello.read(field, "call_window_bytes", &settings.callWindowBytes)
      case 10: try Hello.read(field, "connection_window_bytes", &settings.connectionWindowBytes)
      default: break
      }
    }
    try check()
  }

  /// Appends the whole HELLO frame.
  func encode(into buffer: inout WireBuffer) {
    var payload = WireBuffer()
    payload.append(field: 1, varint: UInt64(versionMin))
    payload.append(field: 2, varint: UInt64(versionMax))
    for feature in features { payload.append(field: 3, text: feature) }
    payload.append(field: 4, text: cut(agent, toBytes: WireLimits.agentBytesMax))
    let defaults = WireSettings()
    let fields: [(UInt64, Int, Int)] = [
      (5, settings.framePayloadBytesMax, defaults.framePayloadBytesMax),
      (6, settings.messageBytesMax, defaults.messageBytesMax),
      (7, settings.metadataBytesMax, defaults.metadataBytesMax),
      (8, settings.callsMax, defaults.callsMax),
      (9, settings.callWindowBytes, defaults.callWindowBytes),
      (10, settings.connectionWindowBytes, defaults.connectionWindowBytes),
    ]
    for (number, value, defaultValue) in fields where value != defaultValue {
      payload.append(field: number, varint: UInt64(value))
    }
    buffer.append(FrameHeader(type: .hello, length: payload.count))
    unsafe buffer.append(payload.bytes.span.bytes)
  }

  private func check() throws(WireError) {
    guard versionMin >= 1, versionMin <= versionMax else {
      throw WireError(rule: 11, "versions \(versionMin) to \(versionMax) are not a range from 1")
    }
    guard
      features.count <= WireLimits.featuresMax,
      features.allSatisfy({ $0.utf8.count <= WireLimits.featureBytesMax }),
      agent.utf8.count <= WireLimits.agentBytesMax
    else {
      throw WireError(rule: 13, "features or agent above their limits")
    }
    if let invalid = settings.firstInvalid { throw WireError(rule: 13, invalid) }
  }

  private static func number32(
    _ field: ProtobufField,
    _ name: String
  ) throws(WireError) -> UInt32 {
    // protobuf truncates a uint32 that was sent wider.
    UInt32(truncatingIfNeeded: try readNumber(field, name))
  }

  /// Keeps the default when the value is 0 (W13).
  private static func read(
    _ field: ProtobufField,
    _ name: String,
    _ value: inout Int
  ) throws(WireError) {
    let announced = try number32(field, name)
    if announced != 0 { value = Int(announced) }
  }
}
