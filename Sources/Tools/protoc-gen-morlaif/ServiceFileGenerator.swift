internal import Descriptors

/// Writes the services of one `.proto` file: handler protocol, service and client.
struct ServiceFileGenerator {
  let file: FileDescriptor
  let types: TypeIndex
  let options: GenerationOptions

  func generate(from files: [FileDescriptor]) throws(GenerationError) -> [GeneratedFile] {
    []
  }
}
