internal import ArgumentParser
internal import JSON

/// `benchmarks rpc`: calls, streams and connections between two processes over mutual TLS.
struct RPCBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rpc",
    abstract: "Measures the RPC between two processes over TLS on loopback.",
    discussion: """
      Requests of 1 KiB of text are answered with 12 scores. Beside each figure stands the floor: blocking OpenSSL
      sockets that move the same bytes with the same cipher, measured in turns with ours. Quote ratios to the
      floor when the machine has other work.
      """
  )

  @Flag(help: "Print an array of JSON objects instead of a table.")
  var json = false

  @Option(help: "Seconds for each side of each round.")
  var seconds = 1.0

  @Option(help: "How often our side and the floor take turns.")
  var rounds = 3

  @Option(help: "Idle connections to open at once.")
  var idle = 5_000

  @Option(help: "Only this: unary, server_streaming, large_message, connecting or idle.")
  var only: String?

  @Option(help: "Calls in flight of the unary measurements.")
  var inFlight: [Int] = [1, 16, 128]

  func validate() throws {
    guard seconds > 0, rounds > 0, idle > 0, inFlight.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("every number must be above 0")
    }
  }

  func run() async throws {
    let identity = try BenchmarkIdentity.make()
    let server = try ServerProcess.start(identity)
    let figures: [RPCFigure]
    do {
      figures = try await measure(
        RPCMeasurement(identity: identity, server: server, seconds: seconds, rounds: rounds)
      )
    } catch {
      try server.stop()
      throw error
    }
    try server.stop()
    try identity.remove()
    if json {
      try Output.line(JSONValue.array(figures.map(\.json)).line)
    } else {
      for line in RPCFigure.table(figures) { try Output.line(line) }
    }
  }

  private func measure(_ measurement: RPCMeasurement) async throws -> [RPCFigure] {
    var figures: [RPCFigure] = []
    if isWanted("unary") {
      for depth in inFlight {
        let (ours, floor) = try await measurement.unary(inFlight: depth)
        figures.append(.unary(inFlight: depth, ours, floor))
      }
    }
    if isWanted("server_streaming") {
      let (ours, floor) = try await measurement.serverStreaming()
      figures.append(.serverStreaming(ours, floor))
    }
    if isWanted("large_message") {
      let (bytes, ours, floor) = try await measurement.largeMessage()
      figures.append(.largeMessage(byteCount: bytes, ours, floor))
    }
    if isWanted("connecting") {
      let (ours, floor) = try await measurement.connecting()
      figures.append(.connecting(ours, floor))
    }
    if isWanted("idle") {
      let (bytes, beside) = try await measurement.idle(connectionCount: idle)
      figures.append(.idle(connectionCount: idle, bytesPerConnection: bytes, beside))
    }
    return figures
  }

  private func isWanted(_ name: String) -> Bool { only == nil || only == name }
}
