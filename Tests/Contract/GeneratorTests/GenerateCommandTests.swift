import Foundation
import Testing

@Suite struct GenerateCommandTests {
  @Test func `the committed output is what the generator writes today`() throws {
    let command = Workplace.root.appendingPathComponent("Protos/generate").path
    let outcome = try Workplace.run(
      ["bash", command, "--check"],
      environment: ["MORLAIF_PLUGIN": Workplace.plugin.path]
    )
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test func `an unknown option is refused`() throws {
    let command = Workplace.root.appendingPathComponent("Protos/generate").path
    let outcome = try Workplace.run(["bash", command, "--chek"])
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("usage"))
  }
}
