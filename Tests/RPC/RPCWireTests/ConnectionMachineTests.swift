import RPCWire
import Testing

/// States of a connection and its calls against every kind of frame.
@Suite
struct ConnectionMachineTests {
  /// What a frame may do in a state.
  enum Verdict: Equatable {
    case event
    case quiet
    case broken(Int)
  }

  /// How a server's call 1 comes into each state.
  enum CallPhase: CaseIterable {
    case never
    case open
    case midMessage
    case halfClosed
    case closedByStatus
    case closedByCancel
    case released
  }

  private func server(in phase: CallPhase) -> Peer {
    var peer = Peer(.server)
    peer.receive(hello)
    switch phase {
    case .never: break
    case .open: peer.receive(frame(2, call: 1, block(callBlock)))
    case .midMessage: peer.receive(frame(2, flags: 6, call: 1, block(callBlock, [1])))
    case .halfClosed: peer.receive(frame(2, flags: 1, call: 1, block(callBlock)))
    case .closedByStatus, .released:
      peer.receive(frame(2, flags: 1, call: 1, block(callBlock)))
      peer.machine.sendStatus(1, EndStatus(), message: nil)
      if phase == .released { peer.machine.release(1) }
    case .closedByCancel: peer.receive(frame(2, call: 1, block(callBlock)) + frame(6, call: 1))
    }
    _ = peer.takeOutput()
    peer.outcome = Outcome()
    return peer
  }

  private func verdict(_ peer: Peer) -> Verdict {
    if let error = peer.outcome.error { return .broken(error.rule) }
    return peer.outcome.events.isEmpty ? .quiet : .event
  }

  private static let frames: [(name: String, bytes: [UInt8])] = [
    ("call", frame(2, flags: 1, call: 1, block(callBlock))),
    ("message", frame(3, call: 1, [1])),
    ("last message", frame(3, flags: 1, call: 1, [1])),
    ("part", frame(3, flags: 4, call: 1, [1])),
    ("end", frame(4, call: 1)),
    ("status", frame(5, call: 1, block([]))),
    ("cancel", frame(6, call: 1)),
    ("window", frame(7, call: 1, [0x08, 1])),
  ]

  private static func expected(_ phase: CallPhase) -> [Verdict] {
    switch phase {
    //             call        message     last        part        end         status      cancel      window
    case .never:
      [
        .event, .broken(15), .broken(15), .broken(15), .broken(15), .broken(5), .broken(15),
        .broken(15),
      ]
    case .open:
      [.broken(14), .event, .event, .quiet, .event, .broken(5), .event, .quiet]
    case .midMessage:
      [.broken(14), .event, .event, .quiet, .broken(17), .broken(5), .event, .quiet]
    case .halfClosed:
      [.broken(14), .broken(17), .broken(17), .broken(17), .broken(17), .broken(5), .event, .quiet]
    case .closedByStatus, .closedByCancel, .released:
      [.broken(14), .quiet, .quiet, .quiet, .quiet, .broken(5), .quiet, .quiet]
    }
  }

  @Test(arguments: CallPhase.allCases)
  func `a server judges every frame by the state of its call`(phase: CallPhase) {
    for (frame, expected) in zip(Self.frames, Self.expected(phase)) {
      var peer = server(in: phase)
      peer.receive(frame.bytes)
      #expect(verdict(peer) == expected, "\(frame.name) when \(phase)")
    }
  }

  @Test func `before HELLO a server takes only HELLO and GO_AWAY`() {
    for frame in Self.frames + [("ping", frame(8)), ("pong", frame(9))] {
      var peer = Peer(.server)
      peer.receive(frame.bytes)
      #expect(verdict(peer) == .broken(10), "\(frame.name)")
    }
    var leaving = Peer(.server)
    leaving.receive(frame(10))
    #expect(leaving.outcome.events == [.goingAway(GoAway())])
  }

  @Test func `a second HELLO is refused`() {
    var peer = Peer(.server)
    peer.receive(hello + hello)
    #expect(peer.outcome.error?.rule == 10)
  }

  @Test func `a client judges every frame by the state of its call`() {
    func client(_ isOpen: Bool) -> Peer {
      var (client, _) = connectedPeers()
      let opened = client.machine.open(CallHeader(method: "a/b"), message: nil, end: false)
      if !isOpen { client.machine.cancel(opened.callID, Cancel()) }
      return client
    }
    let frames: [(String, [UInt8], Verdict, Verdict)] = [
      ("call", frame(2, call: 2, block(callBlock)), .broken(5), .broken(5)),
      ("message", frame(3, call: 1, [1]), .event, .quiet),
      ("end flag", frame(3, flags: 1, call: 1, [1]), .broken(5), .broken(5)),
      ("end", frame(4, call: 1), .broken(5), .broken(5)),
      ("status", frame(5, call: 1, block([])), .event, .quiet),
      ("status with message", frame(5, flags: 2, call: 1, block([], [1])), .event, .quiet),
      ("error with message", frame(5, flags: 2, call: 1, block([8, 2], [1])), .broken(18), .quiet),
      ("cancel", frame(6, call: 1), .broken(5), .broken(5)),
      ("window", frame(7, call: 1, [0x08, 1]), .quiet, .quiet),
      ("unknown call", frame(3, call: 9, [1]), .broken(15), .broken(15)),
    ]
    for (name, bytes, whenOpen, whenClosed) in frames {
      var open = client(true)
      open.receive(bytes)
      #expect(verdict(open) == whenOpen, "\(name) when open")
      var closed = client(false)
      closed.receive(bytes)
      #expect(verdict(closed) == whenClosed, "\(name) when closed")
    }
  }

  @Test func `OK inside a message is refused, an error is not`() {
    var (client, _) = connectedPeers()
    _ = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
    client.receive(frame(3, flags: 4, call: 1, [1]))
    var other = client
    client.receive(frame(5, call: 1, block([])))
    #expect(client.outcome.error?.rule == 18)
    other.receive(frame(5, call: 1, block([0x08, 13])))
    #expect(other.outcome.events == [.ended(1, EndStatus(code: .internal), message: nil)])
  }

  @Test func `a header block larger than its frame is refused`() {
    var peer = Peer(.server)
    peer.receive(hello + frame(2, flags: 1, call: 1, bigEndian(UInt32.max) + [0]))
    #expect(peer.outcome.error?.rule == 26)
  }

  @Test func `message bytes without the flag are refused`() {
    var peer = Peer(.server)
    peer.receive(hello + frame(2, flags: 1, call: 1, block(callBlock, [1])))
    #expect(peer.outcome.error?.rule == 8)
  }

  @Test func `a ping is answered with its own payload`() {
    var peer = server(in: .never)
    let ping = frame(8, [0x09, 1, 2, 3, 4, 5, 6, 7, 8])
    peer.receive(ping)
    var pong = ping
    pong[4] = 9
    #expect(peer.takeOutput() == pong)
  }

  @Test func `a draining server refuses later calls unprocessed and finishes earlier ones`() {
    var (client, server) = connectedPeers()
    let first = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
    server.receive(client.takeOutput())
    server.machine.goAway(reason: "stopping")
    let second = client.machine.open(CallHeader(method: "a/b"), message: nil, end: true)
    server.receive(client.takeOutput())
    server.machine.sendStatus(first.callID, EndStatus(), message: nil)
    client.receive(server.takeOutput())
    let ends = client.outcome.events.compactMap { event -> (UInt64, EndStatus)? in
      if case .ended(let callID, let status, _) = event { (callID, status) } else { nil }
    }
    #expect(ends.map(\.0) == [second.callID, first.callID])
    #expect(ends.map(\.1.code) == [.unavailable, .ok])
    #expect(ends.first?.1.isUnprocessed == true)
    #expect(client.outcome.events.contains(.goingAway(GoAway(lastCallID: 1, reason: "stopping"))))
    #expect(!client.machine.canOpenCall)
  }

  @Test func `metadata beyond its limits ends the call alone`() {
    var (client, server) = connectedPeers()
    let many = (0..<65).map { MetadataEntry(key: "k\($0)", value: "") }
    _ = client.machine.open(
      CallHeader(method: "a/b", metadata: many),
      message: nil,
      end: true
    )
    let large = [MetadataEntry(key: "k", value: String(repeating: "v", count: 8_192))]
    _ = client.machine.open(
      CallHeader(method: "a/b", metadata: large),
      message: nil,
      end: true
    )
    server.receive(client.takeOutput())
    #expect(server.outcome.error == nil)
    let refusals = server.outcome.events.compactMap { event in
      if case .failed(_, let status) = event { status.code } else { nil }
    }
    #expect(refusals == [.resourceExhausted, .resourceExhausted])
    #expect(server.outcome.events.count == 2)
    client.receive(server.takeOutput())
    #expect(client.outcome.events.count == 2)
  }

  @Test func `random frames never trap`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      var peer = Peer(Bool.random(using: &generator) ? .server : .client)
      peer.receive(hello)
      let count = Int.random(in: 0..<200, using: &generator)
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      // Plausible types, so that more than the header is reached.
      if bytes.count > 16 {
        bytes[0...3] = [0, 0, 0, UInt8(min(bytes.count - 16, 60))]
        bytes[4] = UInt8.random(in: 1...10, using: &generator)
        bytes[5] &= 7
        bytes[6...14] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
        bytes[15] &= 1
      }
      peer.receive(bytes)
    }
  }
}
