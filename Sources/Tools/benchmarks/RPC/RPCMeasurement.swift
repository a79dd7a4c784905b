internal import Logging
internal import Messages
internal import ProtobufRuntime
internal import RPC
internal import RPCWire
internal import ServiceStubs

/// The measurements of `benchmarks rpc`, each with its floor right before and after it.
struct RPCMeasurement {
  let identity: BenchmarkIdentity
  let server: ServerProcess
  /// Time for each side of each round, in seconds.
  let seconds: Double
  /// How often our side and the floor take turns.
  let rounds: Int

  /// A request of 1 KiB of text, as a trainer would send it.
  static let request = ScoreRequest(items: [
    TextItem(
      prompt: String(repeating: "p", count: 512),
      response: String(repeating: "r", count: 512)
    )
  ])

  /// Unary calls on one connection, `inFlight` at a time.
  func unary(inFlight: Int) async throws -> (ours: Sample, floor: Sample) {
    let client = makeClient()
    let scores = PreferenceModelClient(client)
    let reply = try await scores.score(Self.request)
    let requestBytes = try Self.request.encoded().count
    let replyBytes = try reply.encoded().count
    let floor = try Floor(identity, port: server.floorPort)
    var samples = (ours: Sample(), floor: Sample())
    for _ in 0..<rounds {
      let processorBefore = server.processorSeconds
      try floor.exchange(
        depth: inFlight,
        requestBytes: requestBytes,
        replyBytes: replyBytes,
        seconds: seconds,
        into: &samples.floor
      )
      samples.floor.processorSeconds += server.processorSeconds - processorBefore
      try await call(scores, client, inFlight: inFlight, into: &samples.ours)
    }
    await client.close()
    return samples
  }

  /// One call that streams small messages to the client.
  func serverStreaming() async throws -> (ours: Sample, floor: Sample) {
    let client = makeClient()
    let floor = try Floor(identity, port: server.floorPort)
    let messageBytes = try BulkService.answer.encoded().count
    let count = 100_000
    var samples = (ours: Sample(), floor: Sample())
    for _ in 0..<rounds {
      // The floor's reply is one array of as many bytes as the frames of this many messages.
      var bytes = Sample()
      let batch = 10_000
      try floor.exchange(
        depth: 1,
        requestBytes: 16,
        replyBytes: batch * (FrameHeader.byteCount + messageBytes),
        seconds: seconds,
        into: &bytes
      )
      samples.floor.add(microseconds: [], count: bytes.count * batch, seconds: bytes.seconds)
      let end = Stopwatch.now + seconds
      while Stopwatch.now < end {
        let before = Stopwatch.now
        let received = try await stream(count, client)
        guard received == count else { throw BenchmarkFailure("\(received) of \(count) messages") }
        samples.ours.add(microseconds: [], count: count, seconds: Stopwatch.now - before)
      }
    }
    await client.close()
    return samples
  }

  /// Single messages of nearly 64 MiB, the default limit, to the server.
  func largeMessage() async throws -> (bytes: Int, ours: Sample, floor: Sample) {
    let client = makeClient()
    let floor = try Floor(identity, port: server.floorPort)
    let request = ScoreMatrix(values: [Float](repeating: 1.5, count: (64 << 18) - 256))
    let byteCount = try request.encoded().count
    var samples = (ours: Sample(), floor: Sample())
    let _: ScoreMatrix = try await client.unary(BulkService.takeScores, request)
    for _ in 0..<rounds {
      try floor.exchange(
        depth: 1,
        requestBytes: byteCount,
        replyBytes: 16,
        seconds: seconds,
        into: &samples.floor
      )
      let end = Stopwatch.now + seconds
      while Stopwatch.now < end {
        let before = Stopwatch.now
        let _: ScoreMatrix = try await client.unary(BulkService.takeScores, request)
        let time = Stopwatch.now - before
        samples.ours.add(microseconds: [time * 1e6], count: 1, seconds: time)
      }
    }
    await client.close()
    return (byteCount, samples.ours, samples.floor)
  }

  /// New connections one after another, each with one call.
  func connecting() async throws -> (ours: Sample, floor: Sample) {
    var samples = (ours: Sample(), floor: Sample())
    for _ in 0..<rounds {
      var end = Stopwatch.now + seconds
      while Stopwatch.now < end {
        let before = Stopwatch.now
        var first = Sample()
        try Floor(identity, port: server.floorPort)
          .exchange(depth: 1, requestBytes: 16, replyBytes: 16, seconds: 0, into: &first)
        let time = Stopwatch.now - before
        samples.floor.add(microseconds: [time * 1e6], count: 1, seconds: time)
      }
      end = Stopwatch.now + seconds
      while Stopwatch.now < end {
        let before = Stopwatch.now
        let client = makeClient()
        _ = try await PreferenceModelClient(client).score(ScoreRequest())
        let time = Stopwatch.now - before
        samples.ours.add(microseconds: [time * 1e6], count: 1, seconds: time)
        await client.close()
      }
    }
    return samples
  }

  /// Memory of idle connections at the server, and calls beside them.
  func idle(connectionCount: Int) async throws -> (bytesPerConnection: Int, beside: Sample) {
    let client = makeClient()
    let scores = PreferenceModelClient(client)
    _ = try await scores.score(Self.request)
    let machine = ConnectionMachine(role: .client, settings: WireSettings(), agent: "benchmarks")
    let before = try server.residentBytes
    var peers: [IdlePeer] = []
    for _ in 0..<connectionCount {
      peers.append(
        try IdlePeer(
          identity,
          port: server.port,
          hello: machine.output.bytes,
          protocolName: WireLimits.applicationProtocol
        )
      )
    }
    let after = try server.residentBytes
    var beside = Sample()
    try await call(scores, client, inFlight: 1, into: &beside)
    await client.close()
    withExtendedLifetime(peers) {}
    return ((after - before) / max(1, connectionCount), beside)
  }

  private func makeClient() -> RPCClient {
    RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: server.port),
      tls: identity.tls(of: BenchmarkIdentity.client),
      logger: Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  /// Keeps `inFlight` calls under way for a round, on the loop of their connection.
  private func call(
    _ scores: PreferenceModelClient,
    _ client: RPCClient,
    inFlight: Int,
    into sample: inout Sample
  ) async throws {
    let processorBefore = server.processorSeconds
    let before = Stopwatch.now
    let end = before + seconds
    let times = try await withThrowingTaskGroup(of: [Double].self) { group in
      for _ in 0..<inFlight {
        group.addTask(executorPreference: client.taskExecutor) {
          var times: [Double] = []
          var last = Stopwatch.now
          while last < end {
            _ = try await scores.score(Self.request)
            let now = Stopwatch.now
            times.append((now - last) * 1e6)
            last = now
          }
          return times
        }
      }
      return try await group.reduce(into: [Double]()) { $0 += $1 }
    }
    sample.add(microseconds: times, count: times.count, seconds: Stopwatch.now - before)
    sample.processorSeconds += server.processorSeconds - processorBefore
  }

  private func stream(_ count: Int, _ client: RPCClient) async throws -> Int {
    try await withTaskExecutorPreference(client.taskExecutor) {
      try await client.serverStreaming(
        BulkService.streamScores,
        EvaluatePreferencesRequest(datasetID: "\(count)")
      ) { (replies: RPCStream<ScoreMatrix>) in
        var received = 0
        for try await reply in replies where reply.values.count == InstantScorer.scoreCount {
          received += 1
        }
        return received
      }
    }
  }
}
