internal import Descriptors

/// Writes the Swift value of one message and the enums of its oneofs.
struct MessageGenerator {
  let message: MessagePlan

  func generate(into printer: inout CodePrinter) {
    let name = message.descriptor.name
    printer.documentation(message.comment, fallback: "The message `\(message.fullName)`.")
    printer.block("public struct \(name): ProtobufMessage") { printer in
      printer.line("/// The message's full name.")
      printer.line("public static var protobufName: String { \"\(message.fullName)\" }")
      for member in message.members {
        printer.line()
        printer.documentation(
          message.comment(of: member),
          fallback: "`\(member.protoName)`."
        )
        printer.line("public var \(member.name): \(member.type) = \(member.defaultValue)")
      }
      printer.line()
      printer.line("/// Makes the message with every field at its default.")
      printer.line("public init() {}")
      if !message.members.isEmpty { memberwiseInitialiser(into: &printer) }
    }
    printer.line()
    for case .oneof(let oneof) in message.members { generate(oneof, into: &printer) }
  }

  private func memberwiseInitialiser(into printer: inout CodePrinter) {
    printer.line()
    printer.line("/// Makes the message; what is left out has its default.")
    printer.line("public init(")
    printer.indented { printer in
      for (index, member) in message.members.enumerated() {
        let comma = index + 1 < message.members.count ? "," : ""
        printer.line("\(member.name): \(member.type) = \(member.defaultValue)\(comma)")
      }
    }
    printer.block(")") { printer in
      for member in message.members { printer.line("self.\(member.name) = \(member.name)") }
    }
  }

  private func generate(_ oneof: OneofPlan, into printer: inout CodePrinter) {
    printer.line(
      "/// The choice `\(oneof.protoName)` of `\(message.descriptor.name)`: at most one is there."
    )
    printer.block("public enum \(oneof.typeName): Sendable, Equatable") { printer in
      for field in oneof.fields {
        printer.documentation(
          message.comment(of: field),
          fallback: "`\(field.descriptor.name)`."
        )
        printer.line("case \(field.name)(\(field.elementType))")
      }
    }
    printer.line()
  }
}
