internal import DynamicMessages
internal import JSON
internal import Messages
internal import ProtobufRuntime
package import RPC
internal import ServiceStubs
internal import Synchronization

/// Calls a service whose messages are known only through reflection.
package struct DynamicCall: Sendable {
  /// How a call is made.
  package struct Options: Sendable {
    let call: RPCCallOptions
    let includesDefaults: Bool

    /// Takes options as a command line has them; metadata is `key=value`.
    package init(
      timeoutSeconds: Double?,
      metadata: [String],
      includesDefaults: Bool
    ) throws(OperationsError) {
      var entries = RPCMetadata()
      for entry in metadata {
        let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else {
          throw .input("--metadata '\(entry)': give KEY=VALUE")
        }
        entries.append(key: String(parts[0]), value: String(parts[1]))
      }
      call = RPCCallOptions(timeout: timeoutSeconds.map { .seconds($0) }, metadata: entries)
      self.includesDefaults = includesDefaults
    }
  }

  private let client: RPCClient
  private let reflectionTimeout: Duration

  /// Takes a client of the service, and how many seconds asking it for its methods may take.
  package init(client: RPCClient, timeoutSeconds: Double? = nil) {
    self.client = client
    reflectionTimeout = .seconds(min(timeoutSeconds ?? 20, 20))
  }

  /// The methods of every service, a line each: name, kind, request and reply.
  package func methodLines() async throws -> [String] {
    let reply = try await reflect()
    let rows = reply.services.flatMap { service in
      service.methods.map { method in
        [
          "\(service.name)/\(method.name)", Self.word(for: method.kind),
          "\(method.requestType) → \(method.replyType)",
        ]
      }
    }
    return TextTable(header: ["method", "kind", "messages"], rows: rows).lines
  }

  /// The methods of one service, by its full name or without the package.
  package func methodLines(of service: String) async throws -> [String] {
    let all = try await methodLines()
    let found = all.dropFirst().filter { line in
      let name = line.prefix { $0 != "/" }
      return name == service || name.hasSuffix(".\(service)")
    }
    guard !found.isEmpty else {
      throw OperationsError.input("there is no service '\(service)' here; --list shows them")
    }
    return all.prefix(1) + found
  }

  /// A method's kind and its messages, or a message, with all they are made of.
  package func description(of path: String) async throws -> [String] {
    guard path.contains("/") else { return try await messageDescription(path) }
    let (schema, method) = try await find(path)
    let messages = try Self.input { () throws(DynamicMessageError) in
      try schema.description(of: method.input, method.output)
    }
    return [
      "\(method.service)/\(method.name): \(Self.word(for: Self.kind(of: method)))"
        + (method.isIdempotent ? ", may be called again safely" : ""),
      "request \(method.input)", "reply \(method.output)", "",
    ] + messages
  }

  private func messageDescription(_ name: String) async throws -> [String] {
    for service in try await reflect().services {
      let schema = try DynamicSchema(descriptorSet: service.descriptorSet)
      guard let found = schema.messageNames(name).first else { continue }
      return try Self.input { () throws(DynamicMessageError) in
        try schema.description(of: found)
      }
    }
    throw OperationsError.input(
      "there is no message '\(name)' here; SERVICE/METHOD --describe names those of a method"
    )
  }

  /// Makes a call.
  ///
  /// - Parameters:
  ///   - path: service and method.
  ///   - requests: JSON texts; exactly one unless the method takes a stream, which sends each as it
  ///     comes.
  ///   - options: timeout, metadata, defaults.
  ///   - show: gets each reply as JSON, on one line when the method sends a stream.
  /// - Throws: `input` when the requests do not fit, `RPCError` with the service's status.
  package func perform(
    _ path: String,
    requests: JSONRequests,
    options: Options,
    show: (String) throws -> Void
  ) async throws {
    let (schema, found) = try await find(path)
    let method = RPCMethod(
      service: found.service,
      name: found.name,
      kind: Self.rpcKind(of: found),
      isIdempotent: found.isIdempotent
    )
    let input = found.input
    let encode: @Sendable (String) throws -> RawMessage = { text in
      try Self.input { () throws(DynamicMessageError) in
        RawMessage(bytes: try schema.encode(json: text, as: input))
      }
    }
    var first = RawMessage()
    if !found.isClientStreaming {
      let all = try await requests.all()
      guard let only = all.first, all.count == 1 else {
        throw OperationsError.input(
          "\(method.fullName) takes one request, and \(all.count) were given"
        )
      }
      first = try encode(only)
    }
    let style = found.isServerStreaming ? JSONStyle.singleLine : .pretty
    func render(_ message: RawMessage) throws -> String {
      try schema.json(
        of: message.bytes,
        as: found.output,
        style: style,
        includesDefaults: options.includesDefaults
      )
    }
    switch method.kind {
    case .unary:
      let reply: RawMessage = try await client.unary(method, first, options: options.call)
      try show(try render(reply))
    case .serverStreaming:
      try await client.serverStreaming(method, first, options: options.call) {
        (replies: RPCStream<RawMessage>) in
        for try await reply in replies { try show(try render(reply)) }
      }
    case .clientStreaming:
      let reply: RawMessage = try await client.clientStreaming(method, options: options.call) {
        (writer: RPCWriter<RawMessage>) in
        // The call may end while the next request is still to be typed.
        try await writer.whileOpen {
          while let text = try await requests.next() { try await writer.write(try encode(text)) }
        }
      }
      try show(try render(reply))
    case .bidirectional:
      try await converse(method, options, requests, encode) { try show(try render($0)) }
    }
  }

  /// Feeds a two-way call while its replies are shown.
  private func converse(
    _ method: RPCMethod,
    _ options: Options,
    _ requests: JSONRequests,
    _ encode: @escaping @Sendable (String) throws -> RawMessage,
    show: (RawMessage) throws -> Void
  ) async throws {
    try await client.bidirectional(method, options: options.call) {
      (writer: RPCWriter<RawMessage>, replies: RPCStream<RawMessage>) in
      let fault = Mutex<(any Error)?>(nil)
      async let feeding: Void = {
        do {
          try await writer.whileOpen {
            while let text = try await requests.next() { try await writer.write(try encode(text)) }
          }
        } catch is CancellationError {
          // Nobody waits for more input when the call has ended.
        } catch {
          // Of a call that has ended the stream of replies says more.
          if error as? RPCError == nil { fault.withLock { $0 = error } }
        }
        // Also after a wrong request: the replies would never end.
        writer.finish()
      }()
      do {
        for try await reply in replies { try show(reply) }
      } catch {
        throw fault.withLock { $0 } ?? error
      }
      await feeding
      if let fault = fault.withLock({ $0 }) { throw fault }
    }
  }

  private func reflect() async throws(RPCError) -> DescribeReply {
    try await ReflectionClient(client).describe(
      DescribeRequest(),
      options: RPCCallOptions(timeout: reflectionTimeout)
    )
  }

  /// Finds a method by its full name or without the package.
  private func find(
    _ path: String
  ) async throws -> (schema: DynamicSchema, method: DynamicSchema.Method) {
    let services = try await reflect().services
    let wanted = path.split(separator: "/").first.map(String.init) ?? path
    // Only the service meant is decoded: one that is broken must not keep the others from being
    // called.
    let candidates = services.filter { $0.name == wanted || $0.name.hasSuffix("." + wanted) }
    for service in candidates {
      let schema = try DynamicSchema(descriptorSet: service.descriptorSet)
      let method = try Self.input { () throws(DynamicMessageError) in try schema.method(path) }
      return (schema, method)
    }
    let known = services.map(\.name).joined(separator: ", ")
    throw OperationsError.input("there is no service '\(wanted)' here; services are \(known)")
  }

  /// Turns what is wrong with the caller's words into an input error.
  private static func input<Result>(
    _ body: () throws(DynamicMessageError) -> Result
  ) throws(OperationsError) -> Result {
    do throws(DynamicMessageError) {
      return try body()
    } catch {
      throw .input(error.description)
    }
  }

  private static func rpcKind(of method: DynamicSchema.Method) -> RPCMethodKind {
    switch (method.isClientStreaming, method.isServerStreaming) {
    case (false, false): .unary
    case (false, true): .serverStreaming
    case (true, false): .clientStreaming
    case (true, true): .bidirectional
    }
  }

  private static func kind(of method: DynamicSchema.Method) -> MethodKind {
    switch rpcKind(of: method) {
    case .unary: .unary
    case .serverStreaming: .serverStreaming
    case .clientStreaming: .clientStreaming
    case .bidirectional: .bidirectional
    }
  }

  private static func word(for kind: MethodKind) -> String {
    switch kind {
    case .unary: "unary"
    case .serverStreaming: "stream of replies"
    case .clientStreaming: "stream of requests"
    case .bidirectional: "streams both ways"
    case .unspecified, .unrecognized: "unknown"
    }
  }
}
