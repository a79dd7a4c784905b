import ProtobufRuntime
import RPC

/// What a server under faults offers.
struct FaultService: RPCService {
  let activity: Activity
  let serviceName = "test.Fault"
  let descriptorSet: [UInt8] = []

  func register(in router: inout RPCRouter) {
    let activity = activity
    func method(_ name: String, _ kind: RPCMethodKind = .unary) -> RPCMethod {
      RPCMethod(service: "test.Fault", name: name, kind: kind)
    }
    router.unary(method("Echo")) { (request: RawMessage, _) in request }
    router.unary(method("Idle")) { (request: RawMessage, _) in
      await activity.waitUntilIdle()
      return request
    }
    router.unary(method("Rest")) { (request: RawMessage, _) in
      await activity.waitUntilAtRest()
      return request
    }
    router.unary(method("Hold")) { (request: RawMessage, _) in
      activity.began()
      defer { activity.ended() }
      // Until the caller gives up, its time runs out or it is gone.
      let (never, continuation) = AsyncStream<Void>.makeStream()
      for await _ in never {}
      continuation.finish()
      return request
    }
    router.serverStreaming(method("Count", .serverStreaming)) {
      (request: RawMessage, replies: RPCWriter<RawMessage>, _) in
      activity.began()
      defer { activity.ended() }
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
      activity.began()
      defer { activity.ended() }
      var total = 0
      for try await request in requests { total += request.bytes.count }
      return RawMessage(bytes: Array("\(total)".utf8))
    }
  }
}
