import Logging
import ProtobufRuntime
import RPC
import Synchronization
import Testing

/// What runs around calls, and the traces that go through them.
@Suite(.timeLimit(.minutes(2)))
struct InterceptorTests {
  /// Gathers what interceptors tell.
  final class Records: Sendable {
    private let list = Mutex<[RPCCallRecord]>([])
    var all: [RPCCallRecord] { list.withLock { $0 } }
    func add(_ record: RPCCallRecord) { list.withLock { $0.append(record) } }
  }

  /// Adds its letter to the metadata, or refuses.
  struct Marker: RPCClientInterceptor, RPCServerInterceptor {
    let letter: String
    func intercept<Outcome>(
      _ call: RPCClientCallInfo,
      _ next: (RPCClientCallInfo) async throws -> Outcome
    ) async throws -> Outcome {
      var call = call
      call.options.metadata["order"] = (call.options.metadata["order"] ?? "") + letter
      return try await next(call)
    }
    func intercept<Outcome>(
      _ context: RPCServerContext,
      _ next: (RPCServerContext) async throws -> Outcome
    ) async throws -> Outcome {
      if context.metadata["refuse"] == letter {
        throw RPCError(code: .permissionDenied, message: "not by \(letter)")
      }
      return try await next(context)
    }
  }

  @Test func `interceptors run from the first to the last on both sides`() async throws {
    try await withServer(tls: nil, interceptors: [Marker(letter: "x"), Marker(letter: "y")]) {
      harness in
      var configuration = RPCClientConfiguration()
      configuration.interceptors = [Marker(letter: "a"), Marker(letter: "b")]
      let client = harness.client(nil, configuration)
      let reply: RawMessage = try await client.unary(EchoService.Methods.who, RawMessage())
      #expect(String(decoding: reply.bytes, as: UTF8.self).hasSuffix("order=ab"))
      for letter in ["x", "y"] {
        let error = await failure {
          let _: RawMessage = try await client.unary(
            EchoService.Methods.who,
            RawMessage(),
            options: RPCCallOptions(metadata: ["refuse": letter])
          )
        }
        #expect(error?.code == .permissionDenied)
        #expect(error?.message == "not by \(letter)")
      }
      await client.close()
    }
  }

  @Test func `every kind of call is recorded once on each side with its outcome`() async throws {
    let (near, far) = (Records(), Records())
    try await withServer(
      tls: nil,
      interceptors: [RPCRecordingInterceptor { far.add($0) }]
    ) { harness in
      var configuration = RPCClientConfiguration()
      configuration.interceptors = [RPCRecordingInterceptor { near.add($0) }]
      let client = harness.client(nil, configuration)
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
      _ = await failure {
        let _: RawMessage = try await client.unary(EchoService.Methods.fail, RawMessage(bytes: [1]))
      }
      try await client.serverStreaming(EchoService.Methods.count, RawMessage(bytes: [3])) {
        (replies: RPCStream<RawMessage>) in for try await _ in replies {}
      }
      let _: RawMessage = try await client.clientStreaming(EchoService.Methods.total) {
        (requests: RPCWriter<RawMessage>) in try await requests.write(RawMessage(bytes: [1]))
      }
      try await client.bidirectional(EchoService.Methods.mirror) {
        (requests: RPCWriter<RawMessage>, replies: RPCStream<RawMessage>) in
        requests.finish()
        for try await _ in replies {}
      }
      await client.close()
    }
    let expected = ["Echo nil", "Fail failedPrecondition", "Count nil", "Total nil", "Mirror nil"]
    for records in [near, far] {
      let seen = records.all.map { "\($0.method.name) \($0.error.map { "\($0.code)" } ?? "nil")" }
      #expect(seen.sorted() == expected.sorted())
    }
    #expect(near.all.allSatisfy { $0.side == .client && $0.duration > .zero })
    #expect(far.all.allSatisfy { $0.side == .server })
  }

  @Test func `a trace goes from the caller through a server to the calls it makes`() async throws {
    let spans = Records()
    let tracing = RPCTracingInterceptor { spans.add($0) }
    try await withServer(tls: nil) { last in
      var onward = RPCClientConfiguration()
      onward.interceptors = [tracing]
      let client = last.client(nil, onward)
      try await withRelay(to: client, tracing) { relay in
        let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let reply: RawMessage = try await relay.unary(
          EchoService.Methods.who,
          RawMessage(),
          options: RPCCallOptions(
            metadata: ["traceparent": traceparent, "tracestate": "vendor=1"]
          )
        )
        let text = String(decoding: reply.bytes, as: UTF8.self)
        #expect(text.contains("traceparent=00-0af7651916cd43dd8448eb211c80319c-"))
        #expect(!text.contains("b7ad6b7169203331"), "the parent is the relay's own span now")
        #expect(text.contains("tracestate=vendor=1"))
      }
      await client.close()
    }
    let (client, server) = (spans.all.first, spans.all.last)
    #expect(client?.side == .client)
    #expect(server?.side == .server)
    #expect(client?.parentSpanID == server?.trace?.spanID)
    #expect(server?.parentSpanID == "b7ad6b7169203331")
  }

  /// Lends a client of a server whose `Who` asks another one.
  private func withRelay(
    to client: RPCClient,
    _ tracing: RPCTracingInterceptor,
    _ body: @escaping @Sendable (RPCClient) async throws -> Void
  ) async throws {
    struct Relay: RPCService {
      let client: RPCClient
      let serviceName = "test.Echo"
      let descriptorSet: [UInt8] = []
      func register(in router: inout RPCRouter) {
        let client = client
        router.unary(EchoService.Methods.who) { (request: RawMessage, _) -> RawMessage in
          try await client.unary(EchoService.Methods.who, request)
        }
      }
    }
    try await withServer(tls: nil, interceptors: [tracing], service: Relay(client: client)) {
      harness in
      let relay = harness.client(nil)
      try await body(relay)
      await relay.close()
    }
  }

  @Test(arguments: [
    "", "00", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz",
  ])
  func `a traceparent that is not one is ignored`(text: String) {
    #expect(RPCTraceContext(traceparent: text) == nil)
  }

  @Test func `a traceparent of a later version is understood as far as it is known`() throws {
    let context = try #require(
      RPCTraceContext(
        traceparent: "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later"
      )
    )
    #expect(context.flags == 1)
    #expect(context.child().traceID == context.traceID)
    #expect(context.child().spanID != context.spanID)
    #expect(
      RPCTraceContext(traceparent: context.traceparent)?.spanID == "b7ad6b7169203331"
    )
  }

  @Test func `calls outside of a trace have none unless they shall begin one`() async throws {
    try await withServer(tls: nil) { harness in
      for beginsTraces in [false, true] {
        var configuration = RPCClientConfiguration()
        configuration.interceptors = [RPCTracingInterceptor(beginsTraces: beginsTraces)]
        let client = harness.client(nil, configuration)
        let reply: RawMessage = try await client.unary(EchoService.Methods.who, RawMessage())
        let text = String(decoding: reply.bytes, as: UTF8.self)
        #expect(text.contains("traceparent=00-") == beginsTraces)
        await client.close()
      }
    }
  }
}
