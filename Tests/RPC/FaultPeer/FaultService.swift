import ProtobufRuntime
import RPC
import Synchronization

/// What a server under faults offers.
struct FaultService: RPCService {
  /// Handlers that have not returned.
  private final class Gauge: Sendable {
    private struct State {
      var count = 0
      var waiters: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    func add(_ amount: Int) {
      let waiters = state.withLock { state in
        state.count += amount
        guard state.count == 0 else { return [AsyncStream<Never>.Continuation]() }
        defer { state.waiters = [] }
        return state.waiters
      }
      for waiter in waiters { waiter.finish() }
    }

    /// Returns when there is none.
    func waitUntilZero() async {
      let (zero, waiter) = AsyncStream.makeStream(of: Never.self)
      state.withLock { state in
        if state.count == 0 { waiter.finish() } else { state.waiters.append(waiter) }
      }
      for await _ in zero {}
    }
  }

  let serviceName = "test.Fault"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let running = Gauge()
    func method(_ name: String, _ kind: RPCMethodKind = .unary) -> RPCMethod {
      RPCMethod(service: "test.Fault", name: name, kind: kind)
    }
    router.unary(method("Echo")) { (request: RawMessage, _) in request }
    router.unary(method("Idle")) { (request: RawMessage, _) in
      await running.waitUntilZero()
      say("idle")
      return request
    }
    router.unary(method("Hold")) { (request: RawMessage, _) in
      running.add(1)
      defer { running.add(-1) }
      // Until the caller gives up, its time runs out or it is gone.
      let (never, continuation) = AsyncStream<Void>.makeStream()
      for await _ in never {}
      continuation.finish()
      return request
    }
    router.serverStreaming(method("Count", .serverStreaming)) {
      (request: RawMessage, replies: RPCWriter<RawMessage>, _) in
      running.add(1)
      defer { running.add(-1) }
      let size = request.bytes.isEmpty ? 100 : Int(request.bytes[0]) * 1_024
      // KiB of each message, then how many there are.
      var left = request.bytes.count > 1 ? Int(request.bytes[1]) : .max
      while left > 0 {
        left -= 1
        try await replies.write(RawMessage(bytes: [UInt8](repeating: 1, count: size)))
      }
    }
    router.clientStreaming(method("Total", .clientStreaming)) {
      (requests: RPCStream<RawMessage>, _) in
      running.add(1)
      defer { running.add(-1) }
      var total = 0
      for try await request in requests { total += request.bytes.count }
      return RawMessage(bytes: Array("\(total)".utf8))
    }
  }
}
