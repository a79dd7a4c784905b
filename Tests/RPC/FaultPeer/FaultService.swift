import ProtobufRuntime
import RPC
import Synchronization

/// What a server under faults offers.
struct FaultService: RPCService {
  private final class Gauge: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add(_ amount: Int) { count.withLock { $0 += amount } }
  }

  let serviceName = "test.Fault"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let running = Gauge()
    func method(_ name: String, _ kind: RPCMethodKind = .unary) -> RPCMethod {
      RPCMethod(service: "test.Fault", name: name, kind: kind)
    }
    router.unary(method("Echo")) { (request: RawMessage, _) in request }
    router.unary(method("Running")) { (_: RawMessage, _) in
      RawMessage(bytes: Array("\(running.value)".utf8))
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
      while true { try await replies.write(RawMessage(bytes: [UInt8](repeating: 1, count: size))) }
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
