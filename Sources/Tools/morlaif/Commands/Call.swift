internal import ArgumentParser
internal import JSON
internal import Operations
internal import RPC
internal import RunReports

/// `morlaif call`.
struct Call: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Calls any method of any running service, knowing it only through reflection.",
    discussion: """
      The request is JSON, @FILE or - for standard input; several JSON objects after one another, one a line, for methods \
      that take a stream. Replies are printed as JSON, those of a stream one a line. Names of fields are those of the \
      .proto files, in either spelling.

      Examples:
        morlaif call 127.0.0.1:7103 morlaif.v1.Scalarizer/Describe '{}'
        morlaif call 127.0.0.1:7103 Scalarizer/Configure '{"configuration":{"method":"SCALARIZATION_METHOD_MAXMIN",
          "weights":[{"principleId":"conciseness","weight":1},{"principleId":"relevance","weight":1}]}}'
        morlaif call 127.0.0.1:7104 --list
        morlaif call 127.0.0.1:7104 PolicyTrainer/Generate --describe
      """
  )

  @Argument(help: ArgumentHelp("Where the service is.", valueName: "host:port"))
  var target: String

  @Argument(
    help: ArgumentHelp(
      "Service and method; the package may be left out.",
      valueName: "service/method"
    )
  )
  var method: String?

  @Argument(help: ArgumentHelp("JSON, @FILE or '-'; {} when left out.", valueName: "json"))
  var request: String?

  @Flag(name: .long, help: "List the methods that the service offers.")
  var list = false

  @Flag(name: .long, help: "Show a method's kind, request and reply with their fields.")
  var describe = false

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
      throw ValidationError("--timeout must be above 0.")
    }
  }

  func run() async throws {
    try await Diagnostics.report {
      let client = ServiceConnections.client(
        of: try ServiceEndpoint(parsing: target),
        certificates: try place.clientCertificates(),
        serverName: serverName,
        logger: Diagnostics.logger
      )
      let call = DynamicCall(client: client)
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
      for line in try await call.methodLines() { try Output.line(line) }
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
    try await call.perform(method, requests: try requests(), options: options) { reply in
      try Output.line(reply)
    }
  }

  /// The requests as JSON texts.
  private func requests() throws -> [String] {
    guard let request else { return ["{}"] }
    guard request == "-" || request.hasPrefix("@") else { return [request] }
    let text = try LineReader(path: request == "-" ? "-" : String(request.dropFirst())).rest()
    // One object over several lines, or one object a line: try the whole first.
    if (try? JSONValue(parsing: text)) != nil { return [text] }
    return text.split(separator: "\n").map(String.init).filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
