import LargeMemory
import RPCWire

/// A machine and a driver that does what an application might do, decided by numbers from the input.
private struct Driven {
  private var machine: ConnectionMachine
  private var decoder: FrameDecoder
  private var choices: UInt64
  private let settings: WireSettings
  /// Messages the application has not taken.
  private var unread: [(callID: UInt64, cost: Int)] = []
  /// Server: handlers that run.
  private var handlers: [UInt64] = []
  /// Client: calls that were opened.
  private var opened: [UInt64] = []
  /// Calls whose last message waits in the machine; the next comes after it.
  private var waiting: Set<UInt64> = []

  init(
    _ role: ConnectionMachine.Role,
    settings: WireSettings,
    features: [String],
    seed: UInt64
  ) {
    machine = ConnectionMachine(role: role, settings: settings, agent: "fuzz", features: features)
    decoder = FrameDecoder(framePayloadBytesMax: settings.framePayloadBytesMax)
    choices = seed
    self.settings = settings
  }

  /// The next number of a sequence that only depends on the seed.
  private mutating func choose(_ count: UInt64) -> UInt64 {
    choices = choices &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (choices >> 33) % count
  }

  /// Feeds bytes from the peer; does things of its own between frames.
  mutating func run(_ bytes: [UInt8]) {
    var start = 0
    do throws(WireError) {
      while start < bytes.count {
        let end = min(bytes.count, start + 1 + Int(choose(300)))
        try receive(Array(bytes[start..<end]))
        start = end
        act()
        checkOutput()
      }
    } catch {
      precondition(error.description.hasPrefix("W\(error.rule): "))
      machine.fail(error)
      precondition(machine.phase == .failed && machine.callCount == 0)
    }
    checkOutput()
  }

  private mutating func receive(_ input: [UInt8]) throws(WireError) {
    var offset = 0
    while machine.phase != .failed {
      switch try decoder.advance(input.span.bytes, &offset) {
      case .needsInput: return
      case .header(let header):
        if case .skip(let event) = try machine.admit(header) {
          decoder.skipPayload()
          note(event, [])
        }
      case .frame(let header, let range):
        let payload = Array(input[range])
        note(try machine.receive(header, payload.span.bytes), payload)
      case .gatheredFrame(let header):
        let payload = decoder.gatheredPayload
        note(try machine.receive(header, payload.span.bytes), payload)
      case .skippedFrame: break
      }
      precondition(machine.callCount <= settings.callsMax + opened.count)
    }
  }

  private mutating func note(_ event: WireEvent, _ payload: [UInt8]) {
    switch event {
    case .called(let callID, _, let message, _):
      handlers.append(callID)
      if let message { keep(callID, message, payload) }
    case .message(let callID, let message, _): keep(callID, message, payload)
    case .ended(let callID, _, let message):
      if case .payload(let range) = message?.place {
        precondition(range.upperBound <= payload.count)
      }
      opened.removeAll { $0 == callID }
    case .failed(let callID, _): opened.removeAll { $0 == callID }
    case .none, .ready, .requestsEnded, .cancelled, .goingAway, .pong: break
    }
  }

  private mutating func keep(_ callID: UInt64, _ message: ReceivedMessage, _ payload: [UInt8]) {
    switch message.place {
    case .payload(let range): precondition(range.upperBound <= payload.count)
    case .assembled(let bytes): precondition(bytes.count <= settings.messageBytesMax)
    }
    unread.append((callID, message.cost))
  }

  /// One to three things that an application or a transport might do now.
  private mutating func act() {
    for _ in 0...choose(3) {
      switch choose(9) {
      case 0 where !unread.isEmpty:
        let message = unread.removeFirst()
        machine.taken(message.callID, cost: message.cost)
      case 1: send()
      case 2: finish()
      case 3: machine.ping(opaque: choose(1 << 20))
      case 4 where machine.role == .client && machine.canOpenCall: open()
      case 5 where machine.role == .client && !opened.isEmpty:
        let callID = opened.remove(at: Int(choose(UInt64(opened.count))))
        machine.cancel(callID, Cancel(reason: "fuzz"))
      case 6: machine.isTransportCongested = choose(2) == 0
      case 7 where choose(40) == 0: machine.goAway(reason: "fuzz")
      default: machine.pump()
      }
    }
    waiting.subtract(machine.takeCompletedWrites())
  }

  private mutating func open() {
    let entry = MetadataEntry(key: "k", value: "v")
    let header = CallHeader(method: "a/b", timeoutMicroseconds: choose(3), metadata: [entry])
    let message = [UInt8](repeating: 1, count: Int(choose(100_000)))
    let end = choose(2) == 0
    let call = machine.open(
      header,
      message: ScatteredBytes(message),
      isCompressed: compresses(),
      end: end
    )
    opened.append(call.callID)
    if call.result == .pending { waiting.insert(call.callID) }
  }

  /// A message on a call whose last one was written at once; the driver waits otherwise.
  private mutating func send() {
    let calls = machine.role == .client ? opened : handlers
    guard !calls.isEmpty else { return }
    let callID = calls[Int(choose(UInt64(calls.count)))]
    guard !waiting.contains(callID) else { return }
    let message = [UInt8](repeating: 2, count: Int(choose(100_000)))
    let end = machine.role == .client && choose(8) == 0
    let isCompressed = compresses()
    let result = machine.send(
      message.span.bytes,
      on: callID,
      isCompressed: isCompressed,
      end: end
    )
    if result == .pending { waiting.insert(callID) }
  }

  /// Whether the next message claims to be a zlib stream, which the machine never looks into.
  private mutating func compresses() -> Bool { machine.allowsCompression && choose(2) == 0 }

  private mutating func finish() {
    if machine.role == .client {
      if let callID = opened.last { machine.sendEnd(on: callID) }
      return
    }
    guard !handlers.isEmpty else { return }
    let callID = handlers.remove(at: Int(choose(UInt64(handlers.count))))
    let reply = [UInt8](repeating: 3, count: Int(choose(70_000)))
    switch choose(3) {
    case 0 where !waiting.contains(callID):
      machine.sendStatus(
        callID,
        EndStatus(),
        message: reply.span.bytes,
        isCompressed: compresses()
      )
    case 1: machine.sendStatus(callID, EndStatus(code: .internal, message: "fuzz"), message: nil)
    default: machine.sendStatus(callID, EndStatus(), message: nil)
    }
    machine.release(callID)
  }

  /// Whatever happened, what goes out is whole frames that this side may send.
  private mutating func checkOutput() {
    let bytes = machine.output.bytes
    var offset = 0
    while offset < bytes.count {
      guard
        let header = try? FrameHeader(bytes.span.bytes, at: offset, framePayloadBytesMax: 1 << 24)
      else { preconditionFailure("a frame was sent that nobody may send") }
      let forbidden: [FrameType] =
        machine.role == .client ? [.status] : [.call, .end, .cancel]
      precondition(!forbidden.contains(header.type))
      offset += FrameHeader.byteCount + header.length
    }
    precondition(offset == bytes.count)
    machine.output.removeAll(keepingAtMost: 4_096)
  }
}

/// Whatever a peer sends, in whatever state, is understood or refused.
///
/// The first byte chooses side, limits and features, the second what this side does meanwhile; the rest is what
/// the peer sends after the handshake.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConnectionMachine(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count > 2 else { return 0 }
  var settings = WireSettings()
  if data[0] & 2 != 0 {
    settings.messageBytesMax = 1_024
    settings.callWindowBytes = 65_536
    settings.connectionWindowBytes = 65_536
    settings.callsMax = 2
  }
  let role: ConnectionMachine.Role = data[0] & 1 == 0 ? .server : .client
  let features = data[0] & 4 == 0 ? [] : [WireLimits.compressionFeature]
  var driven = Driven(role, settings: settings, features: features, seed: UInt64(data[1]))
  driven.run(Array(UnsafeBufferPointer(start: data + 2, count: count - 2)))
  return 0
}
