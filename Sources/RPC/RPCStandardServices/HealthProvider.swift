internal import Messages
internal import RPC
internal import ServiceStubs

/// Answers `Health` from a server's registry.
struct HealthProvider: HealthHandler {
  let registry: HealthRegistry

  func check(
    _ request: HealthRequest,
    context: RPCServerContext
  ) async throws -> HealthReply {
    guard let report = registry.report(request.service) else { throw unknown(request.service) }
    return reply(report)
  }

  func watch(
    _ request: HealthRequest,
    replies: RPCWriter<HealthReply>,
    context: RPCServerContext
  ) async throws {
    guard let reports = registry.watch(request.service) else { throw unknown(request.service) }
    for await report in reports { try await replies.write(reply(report)) }
  }

  private func reply(_ report: HealthRegistry.Report) -> HealthReply {
    let status: ServingStatus =
      switch report.status {
      case .starting: .starting
      case .serving: .serving
      case .notServing: .notServing
      }
    return HealthReply(
      status: status,
      detail: report.detail,
      uptimeSeconds: registry.uptime / .seconds(1)
    )
  }

  private func unknown(_ service: String) -> RPCError {
    RPCError(code: .notFound, message: "service: there is no \(service) here")
  }
}
