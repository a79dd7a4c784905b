import ProtobufRuntime
import RPC
import Synchronization

/// A service for tests: messages are raw bytes.
struct EchoService: RPCService {
  /// Its methods.
  enum Methods {
    static let echo = RPCMethod(service: "test.Echo", name: "Echo", kind: .unary)
    static let fail = RPCMethod(service: "test.Echo", name: "Fail", kind: .unary)
    static let who = RPCMethod(service: "test.Echo", name: "Who", kind: .unary)
    static let hold = RPCMethod(service: "test.Echo", name: "Hold", kind: .unary)
    static let flaky = RPCMethod(
      service: "test.Echo",
      name: "Flaky",
      kind: .unary,
      isIdempotent: true
    )
    static let away = RPCMethod(
      service: "test.Echo",
      name: "Away",
      kind: .unary,
      isIdempotent: true
    )
    static let count = RPCMethod(service: "test.Echo", name: "Count", kind: .serverStreaming)
    static let total = RPCMethod(service: "test.Echo", name: "Total", kind: .clientStreaming)
    static let mirror = RPCMethod(service: "test.Echo", name: "Mirror", kind: .bidirectional)
    static let missing = RPCMethod(service: "test.Echo", name: "Missing", kind: .unary)
  }

  /// What a handler of `Hold` saw.
  let events = Events()
  let serviceName = "test.Echo"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    router.unary(Methods.echo) { (request: RawMessage, _) in request }
    router.unary(Methods.fail) { (request: RawMessage, _) -> RawMessage in
      if request.bytes.isEmpty { throw UnsaidError() }
      throw RPCError(
        code: .failedPrecondition,
        message: "no model is loaded",
        metadata: ["hint": "load one"]
      )
    }
    router.unary(Methods.who) { (_: RawMessage, context) in
      let metadata = context.metadata.entries.map { "\($0.key)=\($0.value)" }
      let text = [
        context.peer.identity?.commonName ?? "nobody",
        context.peer.identity?.alternativeNames.joined(separator: "+") ?? "",
        context.timeLeft == nil ? "no deadline" : "deadline",
      ]
      return RawMessage(bytes: Array((text + metadata).joined(separator: ",").utf8))
    }
    let events = events
    router.unary(Methods.hold) { (request: RawMessage, _) in
      events.add("hold began")
      await withTaskCancellationHandler {
        await events.wait(for: "release")
      } onCancel: {
        events.add("hold cancelled")
        events.add("release")
      }
      return request
    }
    let attempts = Mutex(0)
    router.unary(Methods.flaky) { (request: RawMessage, _) in
      let attempt = attempts.withLock {
        $0 += 1
        return $0
      }
      if attempt < 3 { throw RPCError(code: .unavailable, message: "attempt \(attempt)") }
      return RawMessage(bytes: [UInt8(attempt)])
    }
    let calls = Mutex(0)
    router.unary(Methods.away) { (_: RawMessage, _) -> RawMessage in
      let call = calls.withLock {
        $0 += 1
        return $0
      }
      events.set("away", call)
      throw RPCError(code: .unavailable, message: "never here")
    }
    registerStreams(in: &router)
  }

  private func registerStreams(in router: inout RPCRouter) {
    let events = events
    // Request: how many, how large.
    router.serverStreaming(Methods.count) {
      (request: RawMessage, replies: RPCWriter<RawMessage>, _) in
      let size = request.bytes.count > 1 ? Int(request.bytes[1]) * 1_024 : 1
      var index = 0
      defer { events.add("count stopped at \(index)") }
      while request.bytes[0] == 255 || index < Int(request.bytes[0]) {
        try await replies.write(
          RawMessage(bytes: [UInt8](repeating: UInt8(index % 256), count: size))
        )
        index += 1
        events.set("written", index)
      }
      if request.bytes.count > 2 { throw RPCError(code: .dataLoss, message: "the end is missing") }
    }
    router.clientStreaming(Methods.total) { (requests: RPCStream<RawMessage>, _) in
      var total = 0
      for try await request in requests {
        total += request.bytes.count
        if request.bytes.first == 99 {
          throw RPCError(code: .outOfRange, message: "99 is too much")
        }
      }
      return RawMessage(bytes: Array("\(total)".utf8))
    }
    router.bidirectional(Methods.mirror) {
      (requests: RPCStream<RawMessage>, replies: RPCWriter<RawMessage>, _) in
      for try await request in requests { try await replies.write(request) }
    }
  }
}

/// An error that says nothing about the wire.
struct UnsaidError: Error {}

/// Things that happened, which tests wait for instead of sleeping.
final class Events: Sendable {
  private struct State {
    var happened: Set<String> = []
    var values: [String: Int] = [:]
    var waiters: [(name: String, continuation: CheckedContinuation<Void, Never>)] = []
    var thresholds: [(name: String, value: Int, continuation: CheckedContinuation<Void, Never>)] =
      []
  }

  private let state = Mutex(State())

  func add(_ name: String) {
    let waiters = state.withLock { state in
      state.happened.insert(name)
      let ready = state.waiters.filter { $0.name == name }
      state.waiters.removeAll { $0.name == name }
      return ready
    }
    for waiter in waiters { waiter.continuation.resume() }
  }

  func wait(for name: String) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.happened.contains(name) { return true }
        state.waiters.append((name, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  func has(_ name: String) -> Bool { state.withLock { $0.happened.contains(name) } }

  func set(_ name: String, _ value: Int) {
    let waiters = state.withLock { state in
      state.values[name] = value
      let ready = state.thresholds.filter { $0.name == name && $0.value <= value }
      state.thresholds.removeAll { $0.name == name && $0.value <= value }
      return ready
    }
    for waiter in waiters { waiter.continuation.resume() }
  }

  func wait(until name: String, isAtLeast value: Int) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.values[name] ?? 0 >= value { return true }
        state.thresholds.append((name, value, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  func value(_ name: String) -> Int { state.withLock { $0.values[name] ?? 0 } }
}
