/// A service that a server can offer; generated stubs conform.
public protocol RPCService: Sendable {
  /// Full name: "morlaif.v1.Scalarizer".
  var serviceName: String { get }
  /// A serialized `google.protobuf.FileDescriptorSet`: the service's file and all it imports.
  var descriptorSet: [UInt8] { get }
  /// Adds each method with its handler.
  func register(in router: inout RPCRouter)
}
