internal import Descriptors

/// A service as the generator writes it.
struct ServicePlan {
  /// A method with its names and types in Swift.
  struct Method {
    let descriptor: MethodDescriptor
    /// Name of the function, in backticks when it is a keyword.
    let name: String
    let request: String
    let reply: String
    let comment: String?

    /// The case of `RPCMethodKind`, which is also the function of router and client.
    var kind: String {
      switch (descriptor.isClientStreaming, descriptor.isServerStreaming) {
      case (false, false): "unary"
      case (false, true): "serverStreaming"
      case (true, false): "clientStreaming"
      case (true, true): "bidirectional"
      }
    }
  }

  let name: String
  /// `morlaif.v1.Scalarizer`.
  let fullName: String
  let comment: String?
  let methods: [Method]

  init(_ descriptor: ServiceDescriptor, at index: Int, of file: FileDescriptor) {
    name = descriptor.name
    fullName = file.package.isEmpty ? descriptor.name : "\(file.package).\(descriptor.name)"
    let path: [Int32] = [6, Int32(index)]
    comment = file.comments[path]
    methods = descriptor.methods.enumerated().map { index, method in
      Method(
        descriptor: method,
        name: SwiftNames.method(method.name),
        request: TypeIndex.swiftName(method.inputType),
        reply: TypeIndex.swiftName(method.outputType),
        comment: file.comments[path + [2, Int32(index)]]
      )
    }
  }
}
