internal import Descriptors

/// Writes the services of one `.proto` file: methods, handler protocol, service and client.
struct ServiceFileGenerator {
  let file: FileDescriptor
  let options: GenerationOptions

  /// Writes the file.
  ///
  /// - Parameter files: all files of the request, from which the embedded descriptors are taken.
  /// - Returns: one file, or none when the `.proto` has no services.
  func generate(from files: [FileDescriptor]) -> [GeneratedFile] {
    guard !file.services.isEmpty else { return [] }
    var printer = CodePrinter()
    printer.header(source: file.name)
    printer.line("public import \(options.messagesModule)")
    printer.line("internal import ProtobufRuntime")
    printer.line("public import RPC")
    printer.line()
    for (index, service) in file.services.enumerated() {
      let plan = ServicePlan(service, at: index, of: file)
      ServiceGenerator(service: plan).generate(into: &printer)
      ClientGenerator(service: plan).generate(into: &printer)
    }
    DescriptorSetGenerator(file: file, files: files).generate(into: &printer)
    let base = MessageFileGenerator.baseName(file.name)
    return [GeneratedFile(name: "\(base).swift", content: printer.text)]
  }
}
