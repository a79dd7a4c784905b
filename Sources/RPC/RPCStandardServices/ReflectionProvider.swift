internal import Messages
internal import RPC
internal import ServiceStubs

/// Answers `Reflection` from what the services register.
struct ReflectionProvider: ReflectionHandler {
  private let descriptions: [ServiceDescription]

  /// Describes services as their routes and descriptor sets say.
  init(_ services: [any RPCService]) {
    descriptions = services.map(ReflectionProvider.describe).sorted { $0.name < $1.name }
  }

  func describe(
    _ request: DescribeRequest,
    context: RPCServerContext
  ) async throws -> DescribeReply {
    guard !request.service.isEmpty else { return DescribeReply(services: descriptions) }
    let found = descriptions.filter { $0.name == request.service }
    guard !found.isEmpty else {
      throw RPCError(code: .notFound, message: "service: there is no \(request.service) here")
    }
    return DescribeReply(services: found)
  }

  private static func describe(_ service: any RPCService) -> ServiceDescription {
    var router = RPCRouter()
    service.register(in: &router)
    let methods = router.registered.map { method in
      MethodDescription(
        name: method.method.name,
        kind: kind(method.method.kind),
        requestType: method.requestType,
        replyType: method.replyType,
        isIdempotent: method.method.isIdempotent
      )
    }
    return ServiceDescription(
      name: service.serviceName,
      methods: methods,
      descriptorSet: service.descriptorSet
    )
  }

  private static func kind(_ kind: RPCMethodKind) -> MethodKind {
    switch kind {
    case .unary: .unary
    case .serverStreaming: .serverStreaming
    case .clientStreaming: .clientStreaming
    case .bidirectional: .bidirectional
    }
  }
}
