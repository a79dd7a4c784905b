internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs

/// Puts the recipe's function and weights in force.
struct ScalarizerStep {
  let context: RunContext

  func run() async throws -> [JSONMember] {
    let request = ConfigureRequest(
      configuration: context.recipe.scalarization,
      expectedVersion: 0,
      comment: "run \(context.runID)"
    )
    let context = context
    let reply = try await context.retrying("configuring the scalarizer") { _ in
      try await context.connections.scalarizer.configure(request)
    }
    return [
      JSONMember("method", .string(context.recipe.scalarizer.methodName)),
      JSONMember("version", .integer(Int(clamping: reply.configurationVersion))),
      JSONMember("hash", .string(reply.configurationHash)),
    ]
  }
}
