import RPCWire

/// Bytes of one frame, right or wrong.
func frame(
  _ type: UInt8,
  flags: UInt8 = 0,
  reserved: UInt16 = 0,
  call: UInt64 = 0,
  length: Int? = nil,
  _ payload: [UInt8] = []
) -> [UInt8] {
  bigEndian(UInt32(length ?? payload.count)) + [type, flags] + bigEndian(reserved)
    + bigEndian(call) + payload
}

/// An integer in network order.
func bigEndian<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}

/// The payload of a CALL or STATUS frame.
func block(_ header: [UInt8], _ message: [UInt8] = []) -> [UInt8] {
  bigEndian(UInt32(header.count)) + header + message
}

/// The header block of a call of method "a/b".
let callBlock: [UInt8] = [0x0a, 3] + Array("a/b".utf8)

/// HELLO of version 1 with default limits.
let hello = frame(1, [0x08, 1, 0x10, 1])

/// What a machine made of some bytes.
struct Outcome: Equatable {
  var events: [WireEvent] = []
  /// Messages found in events, copied.
  var messages: [[UInt8]] = []
  var error: WireError?
}

/// A machine with a decoder, as a connection has them.
struct Peer {
  var machine: ConnectionMachine
  var decoder: FrameDecoder
  var outcome = Outcome()

  init(
    _ role: ConnectionMachine.Role,
    settings: WireSettings = WireSettings(),
    features: [String] = []
  ) {
    machine = ConnectionMachine(
      role: role,
      settings: settings,
      agent: "test",
      features: features
    )
    decoder = FrameDecoder(framePayloadBytesMax: settings.framePayloadBytesMax)
  }

  /// Feeds bytes until they are used up or a rule is broken.
  mutating func receive(_ bytes: [UInt8]) {
    guard outcome.error == nil else { return }
    var offset = 0
    do throws(WireError) {
      while true {
        switch try decoder.advance(bytes.span.bytes, &offset) {
        case .needsInput: return
        case .header(let header):
          if case .skip(let event) = try machine.admit(header) {
            decoder.skipPayload()
            note(event, [])
          }
        case .frame(let header, let payload):
          let payload = Array(bytes[payload])
          note(try machine.receive(header, payload.span.bytes), payload)
        case .gatheredFrame(let header):
          let payload = decoder.gatheredPayload
          note(try machine.receive(header, payload.span.bytes), payload)
        case .skippedFrame: break
        }
      }
    } catch {
      outcome.error = error
      machine.fail(error)
    }
  }

  /// What the machine wants to send, taken out.
  mutating func takeOutput() -> [UInt8] {
    defer { machine.output.removeAll(keepingAtMost: 0) }
    return machine.output.bytes
  }

  private mutating func note(_ event: WireEvent, _ payload: [UInt8]) {
    guard event != .none else { return }
    outcome.events.append(event)
    let message: ReceivedMessage? =
      switch event {
      case .called(_, _, let message, _): message
      case .message(_, let message, _): message
      case .ended(_, _, let message): message
      default: nil
      }
    switch message?.place {
    case .payload(let range): outcome.messages.append(Array(payload[range]))
    case .assembled(let bytes): outcome.messages.append(bytes)
    case nil: break
    }
  }
}

/// A client and a server whose HELLOs are exchanged.
func connectedPeers(
  client: WireSettings = WireSettings(),
  server: WireSettings = WireSettings()
) -> (client: Peer, server: Peer) {
  var clientPeer = Peer(.client, settings: client)
  var serverPeer = Peer(.server, settings: server)
  serverPeer.receive(clientPeer.takeOutput())
  clientPeer.receive(serverPeer.takeOutput())
  clientPeer.outcome = Outcome()
  serverPeer.outcome = Outcome()
  return (clientPeer, serverPeer)
}

/// Types of the frames in bytes.
func frameTypes(_ bytes: [UInt8]) throws -> [FrameType] {
  var types: [FrameType] = []
  var offset = 0
  while offset < bytes.count {
    let header = try FrameHeader(bytes.span.bytes, at: offset, framePayloadBytesMax: 1 << 24)
    types.append(header.type)
    offset += FrameHeader.byteCount + header.length
  }
  return types
}

/// Frames found in bytes, with their payloads.
func parseFrames(_ bytes: [UInt8]) throws -> [(header: FrameHeader, payload: [UInt8])] {
  var frames: [(FrameHeader, [UInt8])] = []
  var offset = 0
  while bytes.count - offset >= FrameHeader.byteCount {
    let header = try FrameHeader(bytes.span.bytes, at: offset, framePayloadBytesMax: 1 << 24)
    offset += FrameHeader.byteCount
    guard bytes.count - offset >= header.length else { break }
    frames.append((header, Array(bytes[offset..<(offset + header.length)])))
    offset += header.length
  }
  return frames
}
