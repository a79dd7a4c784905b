internal import Descriptors

/// Writes what a server needs: the methods, the handler protocol and the service.
struct ServiceGenerator {
  let service: ServicePlan

  func generate(into printer: inout CodePrinter) {
    methods(into: &printer)
    handler(into: &printer)
    registration(into: &printer)
  }

  private func methods(into printer: inout CodePrinter) {
    printer.line("/// The methods of `\(service.fullName)`.")
    printer.block("public enum \(service.name)Methods") { printer in
      for method in service.methods {
        printer.documentation(method.comment, fallback: "The method `\(method.descriptor.name)`.")
        printer.line("public static let \(method.name) = RPCMethod(")
        printer.indented { printer in
          printer.line("service: \"\(service.fullName)\",")
          printer.line("name: \"\(method.descriptor.name)\",")
          printer.line("kind: .\(method.kind),")
          printer.line("isIdempotent: \(method.descriptor.isIdempotent),")
          printer.line("isReadOnly: \(method.descriptor.isReadOnly)")
        }
        printer.line(")")
        printer.line()
      }
      printer.line("/// All of them, in the order of the `.proto`.")
      printer.line("public static var all: [RPCMethod] {")
      printer.line("  [\(service.methods.map(\.name).joined(separator: ", "))]")
      printer.line("}")
    }
    printer.line()
  }

  private func handler(into printer: inout CodePrinter) {
    printer.documentation(service.comment, fallback: "The service `\(service.fullName)`.")
    printer.line("///")
    printer.line("/// Who implements this protocol provides the service.")
    printer.block("public protocol \(service.name)Handler: Sendable") { printer in
      for (index, method) in service.methods.enumerated() {
        if index > 0 { printer.line() }
        printer.documentation(method.comment, fallback: "The method `\(method.descriptor.name)`.")
        printer.line("func \(method.name)(")
        printer.indented { printer in
          printer.line(
            method.descriptor.isClientStreaming
              ? "_ requests: RPCStream<\(method.request)>," : "_ request: \(method.request),"
          )
          if method.descriptor.isServerStreaming {
            printer.line("replies: RPCWriter<\(method.reply)>,")
          }
          printer.line("context: RPCServerContext")
        }
        let result = method.descriptor.isServerStreaming ? "" : " -> \(method.reply)"
        printer.line(") async throws\(result)")
      }
    }
    printer.line()
  }

  private func registration(into printer: inout CodePrinter) {
    printer.line("/// `\(service.fullName)`, ready to be given to a server.")
    printer.block(
      "public struct \(service.name)Service<Handler: \(service.name)Handler>: RPCService"
    ) { printer in
      printer.line("/// Who answers the calls.")
      printer.line("public let handler: Handler")
      printer.line()
      printer.line("/// Makes the service of a handler.")
      printer.line("public init(_ handler: Handler) {")
      printer.line("  self.handler = handler")
      printer.line("}")
      printer.line()
      printer.line("/// The service's full name.")
      printer.line("public var serviceName: String { \"\(service.fullName)\" }")
      printer.line()
      printer.line("/// The `.proto` file and its imports, as reflection sends them.")
      printer.line("public var descriptorSet: [UInt8] { embeddedDescriptorSet }")
      printer.line()
      printer.line("/// Tells the router which handler answers which method.")
      printer.block("public func register(in router: inout RPCRouter)") { printer in
        printer.line("let handler = handler")
        for method in service.methods { register(method, into: &printer) }
      }
    }
    printer.line()
  }

  private func register(_ method: ServicePlan.Method, into printer: inout CodePrinter) {
    let isClientStreaming = method.descriptor.isClientStreaming
    let isServerStreaming = method.descriptor.isServerStreaming
    let request =
      isClientStreaming
      ? "requests: RPCStream<\(method.request)>" : "request: \(method.request)"
    let replies = isServerStreaming ? ", replies: RPCWriter<\(method.reply)>" : ""
    let result = isServerStreaming ? "Void" : method.reply
    printer.line("router.\(method.kind)(\(service.name)Methods.\(method.name)) {")
    printer.line("  (\(request)\(replies), context: RPCServerContext) async throws -> \(result) in")
    let argument = isClientStreaming ? "requests" : "request"
    let writer = isServerStreaming ? "replies: replies, " : ""
    printer.line("  try await handler.\(method.name)(\(argument), \(writer)context: context)")
    printer.line("}")
  }
}
