import RPCWire
import Testing
import WireVectors

/// Conversations as bytes that every implementation must understand or refuse alike.
@Suite
struct WireVectorTests {
  private static let vectors = WireVector.all.filter { !$0.needsCalls }

  @Test func `there are vectors`() {
    #expect(Self.vectors.count >= 120)
  }

  @Test(arguments: vectors)
  func `a recorded conversation ends as its file says`(vector: WireVector) throws {
    try check(vector, pieceBytes: .max)
  }

  @Test(arguments: vectors)
  func `it ends so however the bytes are cut`(vector: WireVector) throws {
    let total = vector.steps.reduce(0) { sum, step in
      if case .receives(let bytes) = step { sum + bytes.count } else { sum }
    }
    for pieceBytes in total < 20_000 ? [1, 7] : [4_099] {
      try check(vector, pieceBytes: pieceBytes)
    }
  }

  private func check(_ vector: WireVector, pieceBytes: Int) throws {
    var run = Run(vector)
    for step in vector.steps {
      switch step {
      case .receives(let bytes): run.receive(bytes, pieceBytes)
      case .drains: run.peer.machine.goAway(reason: "the server is stopping")
      case .closes: Issue.record("\(vector): a machine has no connection to close")
      }
    }
    try run.finish()
    for expectation in vector.expectations { try run.check(expectation) }
  }
}

/// One vector on its way through a machine.
private struct Run {
  var peer: Peer
  private let vector: WireVector
  private var hasOpened = false
  private var frames: [(header: FrameHeader, payload: [UInt8])] = []
  private var messages: [UInt64: [[UInt8]]] = [:]
  private var messageCount = 0
  private var ends: [UInt64: EndStatus] = [:]

  init(_ vector: WireVector) {
    var settings = WireSettings()
    for (name, value) in vector.limits {
      switch name {
      case "message_bytes_max": settings.messageBytesMax = value
      case "calls_max": settings.callsMax = value
      case "call_window_bytes": settings.callWindowBytes = value
      case "connection_window_bytes": settings.connectionWindowBytes = value
      default: Issue.record("\(vector): no limit \(name)")
      }
    }
    self.vector = vector
    peer = Peer(
      vector.isForClient ? .client : .server,
      settings: settings,
      features: vector.features
    )
  }

  mutating func receive(_ bytes: [UInt8], _ pieceBytes: Int) {
    // A client only believes in calls it has opened itself.
    while vector.isForClient, !hasOpened, peer.machine.canOpenCall {
      for _ in vector.opens {
        _ = peer.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
      }
      hasOpened = true
    }
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + min(pieceBytes, bytes.count))
      peer.receive(Array(bytes[start..<end]))
      start = end
    }
  }

  /// Reads what the machine has made of it all.
  mutating func finish() throws {
    frames = try parseFrames(peer.takeOutput())
    for frame in frames where frame.header.type == .status {
      let blockBytes = frame.payload[..<4].reduce(0) { $0 << 8 | Int($1) }
      ends[frame.header.callID] = try EndStatus(frame.payload.span.bytes, 4..<(4 + blockBytes))
    }
    var contents = peer.outcome.messages[...]
    for event in peer.outcome.events {
      switch event {
      case .called(let callID, _, .some, _), .message(let callID, _, _),
        .ended(let callID, _, .some):
        messages[callID, default: []].append(contents.removeFirst())
        messageCount += 1
      default: break
      }
      switch event {
      case .ended(let callID, let status, _), .failed(let callID, let status):
        ends[callID] = status
      default: break
      }
    }
  }

  mutating func check(_ expectation: WireVector.Expectation) throws {
    switch expectation {
    case .accepted: #expect(peer.outcome.error == nil, "\(vector)")
    case .refused(let rule): try checkRefusal(rule)
    case .ends(let call, let code, let isUnprocessed):
      let status = try #require(ends[call], "\(vector): call \(call) goes on")
      #expect(name(status.code) == code, "\(vector)")
      #expect(status.isUnprocessed == isUnprocessed, "\(vector)")
    case .message(let call, let bytes):
      guard messages[call]?.isEmpty == false else {
        Issue.record("\(vector): no further message of call \(call)")
        return
      }
      #expect(messages[call]?.removeFirst() == bytes, "\(vector)")
    case .messageCount(let count): #expect(messageCount == count, "\(vector)")
    case .sends(let bytes):
      let expected = try #require(try parseFrames(bytes).first)
      #expect(frames.contains { $0.header == expected.header && $0.payload == expected.payload })
    }
  }

  /// W37: GO_AWAY comes last, with the code and the number of the rule.
  private func checkRefusal(_ rule: Int) throws {
    #expect(peer.outcome.error?.rule == rule, "\(vector): \(peer.outcome)")
    let last = try #require(frames.last)
    #expect(last.header.type == .goAway, "\(vector)")
    let goAway = try GoAway(last.payload.span.bytes)
    #expect(goAway.reason.hasPrefix("W\(rule): "), "\(vector): \(goAway.reason)")
    let code: StatusCode =
      switch rule {
      case 6, 35: .resourceExhausted
      case 11: .failedPrecondition
      default: .invalidArgument
      }
    #expect(goAway.code == code, "\(vector)")
  }

  private func name(_ code: StatusCode) -> String {
    "\(code)".reduce(into: "") { name, letter in
      if letter.isUppercase { name += "_" }
      name += letter.uppercased()
    }
  }
}
