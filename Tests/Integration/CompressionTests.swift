import Foundation
import RPC
import Testing

/// Services that are configured to compress what they send each other (WIRE.md section 11).
@Suite(.enabled(if: Program.isBuilt, "the executables have not been built"))
struct CompressionTests {
  @Test(arguments: [true, false])
  func `messages between services travel compressed when both are configured so`(
    isOffered: Bool
  ) async throws {
    let shipped = try String(
      contentsOfFile: Program.shippedConfiguration(of: "policy-trainer"),
      encoding: .utf8
    )
    let compressing = shipped.replacing(
      "server_name: preference-model",
      with: "server_name: preference-model\n    compression: true"
    )
    #expect(compressing != shipped)
    let cluster = try Cluster(
      ["labeler", "scalarizer"],
      configurations: ["policy-trainer": compressing]
    )
    try cluster.start("preference-model", settings: "compression: \(isOffered)")
    try cluster.start("policy-trainer")
    try cluster.prepareRewards()
    let output = cluster.folder.path("steps.jsonl")
    let training = try cluster.trainPolicy(output: output, samplesPerPrompt: 16)
    _ = try Steps.waited(for: 2, cluster: cluster, output: output)
    _ = try cluster.cancel(training, output: output)
    let client = cluster.client(of: "preference-model")
    let metrics = try await cluster.metrics(client)
    let scored = "method=morlaif.v1.PreferenceModel/Score"
    #expect(metrics["rpc_server_ended_calls_total{\(scored),code=OK}"] ?? 0 >= 2)
    let received = try #require(metrics["rpc_server_compressed_messages_total{direction=received}"])
    #expect(isOffered ? received >= 2 : received == 0, "\(received) messages")
    await client.close()
  }
}
