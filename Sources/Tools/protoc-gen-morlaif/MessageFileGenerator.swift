internal import Descriptors

/// Writes the values of one `.proto` file, and beside them their bridges to protobuf-c.
struct MessageFileGenerator {
  let file: FileDescriptor
  let options: GenerationOptions

  func generate() -> [GeneratedFile] {
    let messages = file.messages.enumerated().map { MessagePlan($1, at: $0, of: file) }
    guard !messages.isEmpty || !file.enums.isEmpty else { return [] }
    let base = Self.baseName(file.name)
    var outputs = [GeneratedFile(name: "\(base).swift", content: values(messages))]
    if !messages.isEmpty {
      outputs.append(GeneratedFile(name: "\(base)+Protobuf.swift", content: bridges(messages)))
    }
    return outputs
  }

  /// `morlaif/v1/policy_trainer.proto` becomes `PolicyTrainer`.
  static func baseName(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return SwiftNames.upperCamel(name.hasSuffix(".proto") ? String(name.dropLast(6)) : name)
  }

  private func values(_ messages: [MessagePlan]) -> String {
    var printer = CodePrinter()
    printer.header(source: file.name)
    if !messages.isEmpty {
      printer.line("public import ProtobufRuntime")
      printer.line()
    }
    for (index, value) in file.enums.enumerated() {
      EnumGenerator(value, at: index, of: file).generate(into: &printer)
    }
    for message in messages {
      MessageGenerator(message: message).generate(into: &printer)
    }
    return trimmed(printer.text)
  }

  private func bridges(_ messages: [MessagePlan]) -> String {
    var printer = CodePrinter()
    printer.header(source: file.name)
    printer.line("internal import \(options.cModule)")
    printer.line("internal import CProtobufC")
    printer.line("public import LargeMemory")
    printer.line("public import ProtobufRuntime")
    printer.line()
    for message in messages {
      BridgeGenerator(message: message).generate(into: &printer)
    }
    return trimmed(printer.text)
  }

  private func trimmed(_ text: String) -> String {
    var text = text
    while text.hasSuffix("\n\n") { text.removeLast() }
    return text
  }
}
