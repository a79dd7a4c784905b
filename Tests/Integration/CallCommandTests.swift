import ChildProcesses
import Foundation
import Testing

/// `morlaif call` against real services.
@Suite(.enabled(if: Program.isBuilt, "the executables have not been built"))
struct CallCommandTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster(["labeler"])
  }

  @Test(arguments: ["", #"{"settings":{"datasetId":"d","principleIds":["conciseness"]}}"# + "\n"])
  func `a wrong request ends a two-way call and is named`(before: String) throws {
    let outcome = try cluster.morlaif(
      ["call", cluster.endpoint("labeler"), "morlaif.v1.Labeler/Label", "-"],
      input: before + #"{"nope":1}"#
    )
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("nope"), "\(outcome.errors)")
  }

  /// Each is a command whose first request the labeler refuses, while the next one never comes.
  @Test(arguments: [
    (["call", "morlaif.v1.Labeler/Import", "-"], #"{"preference":{"prompt":"p"}}"#),
    (["call", "morlaif.v1.Labeler/Label", "-"], #"{"pair":{"id":"p"}}"#),
    (
      ["import", "--dataset", String(repeating: "n", count: 300), "--input", "-"],
      #"{"prompt":"p","chosen":"a","rejected":"b"}"#
    ),
  ])
  func `a call that the server ends early does not wait for more input`(
    command: [String],
    request: String
  ) throws {
    let arguments =
      command[0] == "call"
      ? ["call", cluster.endpoint("labeler")] + command.dropFirst() : command + cluster.endpoints
    let input = Pipe()
    let output = cluster.folder.path("early.txt")
    let process = try cluster.launch(arguments, input: input, output: output, secondsMax: 60)
    try input.fileHandleForWriting.write(contentsOf: Data((request + "\n").utf8))
    // The other end stays open, as a terminal's does.
    let status = process.reap()
    #expect(status != 0 && status != 124, "exit code \(status)")
    let said = try String(contentsOfFile: output, encoding: .utf8)
    #expect(said.contains("morlaif: "), "\(said)")
    try input.fileHandleForWriting.close()
  }
}
