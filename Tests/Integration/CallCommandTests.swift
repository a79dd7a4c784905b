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
}
