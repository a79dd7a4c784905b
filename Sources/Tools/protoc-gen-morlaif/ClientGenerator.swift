internal import Descriptors

/// Writes what a caller needs: one function per method.
struct ClientGenerator {
  let service: ServicePlan

  func generate(into printer: inout CodePrinter) {
    printer.line("/// Calls `\(service.fullName)`.")
    printer.block("public struct \(service.name)Client: Sendable") { printer in
      printer.line("private let client: RPCClient")
      printer.line()
      printer.line("/// Makes a caller over a connection.")
      printer.line("public init(_ client: RPCClient) {")
      printer.line("  self.client = client")
      printer.line("}")
      for method in service.methods {
        printer.line()
        printer.documentation(method.comment, fallback: "The method `\(method.descriptor.name)`.")
        function(method, into: &printer)
      }
    }
    printer.line()
  }

  private func function(_ method: ServicePlan.Method, into printer: inout CodePrinter) {
    let isClientStreaming = method.descriptor.isClientStreaming
    let isServerStreaming = method.descriptor.isServerStreaming
    printer.line("public func \(method.name)\(isServerStreaming ? "<Outcome>" : "")(")
    printer.indented { printer in
      if !isClientStreaming { printer.line("_ request: \(method.request),") }
      let comma = isClientStreaming || isServerStreaming ? "," : ""
      printer.line("options: RPCCallOptions = RPCCallOptions()\(comma)")
      switch (isClientStreaming, isServerStreaming) {
      case (false, false): break
      case (true, false):
        printer.line("_ produce: (RPCWriter<\(method.request)>) async throws -> Void")
      case (false, true):
        printer.line("_ body: (RPCStream<\(method.reply)>) async throws -> Outcome")
      case (true, true):
        printer.line(
          "_ body: (RPCWriter<\(method.request)>, RPCStream<\(method.reply)>) async throws -> Outcome"
        )
      }
    }
    let thrown = isClientStreaming || isServerStreaming ? "throws" : "throws(RPCError)"
    printer.block(") async \(thrown) -> \(isServerStreaming ? "Outcome" : method.reply)") {
      printer in
      let request = isClientStreaming ? "" : " request,"
      let body = isServerStreaming ? ", body" : isClientStreaming ? ", produce" : ""
      printer.line(
        "try await client.\(method.kind)(\(service.name)Methods.\(method.name),\(request) options: options\(body))"
      )
    }
  }
}
