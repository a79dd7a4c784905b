internal import ArgumentParser
internal import JSON
internal import Operations
internal import RPC

/// `morlaif call`.
struct Call: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Calls any method of any running service, knowing it only through reflection.",
    discussion: """
      The request is JSON, @FILE or - for standard input; several JSON objects after one another, one a line, for methods \
      that take a stream, each sent as it comes. Replies are printed as JSON, those of a stream one a line as they come. \
      Names of fields are those of the .proto files, in either spelling.

      Examples:
        morlaif call 127.0.0.1:7103 morlaif.v1.Scalarizer/Describe '{}'
        morlaif call 127.0.0.1:7103 Scalarizer/Configure '{"configuration":{"method":"SCALARIZATION_METHOD_MAXMIN",
          "weights":[{"principleId":"conciseness","weight":1},{"principleId":"relevance","weight":1}]}}'
        morlaif call 127.0.0.1:7104 --list
        morlaif call 127.0.0.1:7104 PolicyTrainer --list
        morlaif call 127.0.0.1:7104 PolicyTrainer/Generate --describe
        morlaif call 127.0.0.1:7104 GenerateRequest --describe
        morlaif call 127.0.0.1:7102 PreferenceModel/Score @request.json --verbose
        cat pairs.jsonl | morlaif call 127.0.0.1:7101 Labeler/Label -
      """
  )

  @Argument(help: ArgumentHelp("Where the service is.", valueName: "host:port"))
  var target: String

  @Argument(
    help: ArgumentHelp(
      "Service and method; the package may be left out. With --list a service, with --describe also a message.",
      valueName: "service/method"
    )
  )
  var method: String?

  @Argument(help: ArgumentHelp("JSON, @FILE or '-'; {} when left out.", valueName: "json"))
  var request: String?

  @Flag(name: .long, help: "List the services and methods that are offered there.")
  var list = false

  @Flag(
    name: .long,
    help: "Show a method's kind, request and reply, or a message with all it is made of."
  )
  var describe = false

  @Flag(
    name: .shortAndLong,
    help: "Print metadata, status and time of the call to standard error."
  )
  var verbose = false

  @Option(name: .long, help: "Seconds until the call is given up.")
  var timeout: Double?

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp("Text sent with the call; may be repeated.", valueName: "key=value")
  )
  var metadata: [String] = []

  @Option(
    name: .long,
    help: "Name the service's certificate must carry, when it is not the host."
  )
  var serverName: String?

  @Flag(name: .long, help: "Show fields that have their default value too.")
  var defaults = false

  @OptionGroup var place: StateOptions

  func validate() throws {
    if method == nil, !list {
      throw ValidationError("Name a SERVICE/METHOD, or use --list to see which there are.")
    }
    if let timeout, !(timeout > 0 && timeout < 1e7) {
      throw ValidationError("--timeout must be above 0 and below 10,000,000 seconds.")
    }
  }

  func run() async throws {
    try await Diagnostics.report {
      let client = ServiceConnections.client(
        of: try ServiceEndpoint(parsing: target),
        certificates: try place.clientCertificates(),
        serverName: serverName,
        interceptors: verbose ? [RPCRecordingInterceptor(report)] : [],
        logger: Diagnostics.logger
      )
      let call = DynamicCall(client: client, timeoutSeconds: timeout)
      do {
        try await perform(call)
      } catch {
        await client.close()
        throw error
      }
      await client.close()
    }
  }

  private func perform(_ call: DynamicCall) async throws {
    guard let method, !list else {
      let lines =
        if let method { try await call.methodLines(of: method) } else {
          try await call.methodLines()
        }
      for line in lines { try Output.line(line) }
      return
    }
    if describe {
      for line in try await call.description(of: method) { try Output.line(line) }
      return
    }
    let options = try DynamicCall.Options(
      timeoutSeconds: timeout,
      metadata: metadata,
      includesDefaults: defaults
    )
    if verbose { for entry in metadata { Output.note("> \(entry)") } }
    let requests = try JSONRequests(request ?? "{}")
    try await call.perform(method, requests: requests, options: options) { reply in
      try Output.line(reply)
    }
  }

  /// Says how a call ended; what reflection asks beforehand is nobody's business.
  private func report(_ call: RPCCallRecord) {
    guard call.method.service != "morlaif.v1.Reflection" else { return }
    let milliseconds = call.duration / .milliseconds(1)
    let code = call.error.map { "\($0.code) (\($0.code.rawValue))" } ?? "ok (0)"
    let time = (milliseconds * 10).rounded() / 10
    Output.note("< \(call.method.fullName): \(code) after \(time) ms")
    for entry in call.error?.metadata.entries ?? [] {
      Output.note("< \(entry.key)=\(entry.value)")
    }
  }
}
