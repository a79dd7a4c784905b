import Foundation
import JSON
import RunReports
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    "run", "report", "certificates", "up", "down", "status", "label", "import", "export",
    "train-preferences", "score", "train-policy", "generate", "call", "tokenize", "logprobs",
    "scalarize",
  ])
  func `every command explains itself with an example`(command: String) throws {
    let outcome = try Morlaif.run([command, "--help"])
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("Example"))
    #expect(outcome.output.contains("morlaif \(command)"))
    #expect(try Morlaif.run(["--help"]).output.contains("  \(command)"))
  }

  @Test func `wrong options end with code 64`() throws {
    #expect(try Morlaif.run(["tokenize", "--modle", "x"]).code == 64)
    #expect(try Morlaif.run(["up", "judge"]).code == 64)
    #expect(try Morlaif.run(["call", "127.0.0.1:1"]).code == 64)
    #expect(try Morlaif.run(["generate", "--input", "-", "--temperature", "0"]).code == 64)
  }

  @Test func `a recipe with a mistake ends with code 78 and names the key`() throws {
    let path = NSTemporaryDirectory() + "recipe-\(UUID().uuidString).yaml"
    try TextFile.write("name: x\nprinciples: [{id: a}]\nprompts: {flie: p}\n", path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let outcome = try Morlaif.run(["run", path])
    #expect(outcome.code == 78)
    #expect(outcome.errors.contains("\(path): prompts.flie"))
  }

  @Test func `certificates are made, kept and told as JSON`() throws {
    let folder = NSTemporaryDirectory() + "certificates-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let made = try Morlaif.run(["certificates", "--directory", folder, "--json"])
    #expect(made.code == 0, "\(made.errors)")
    #expect(try made.records().first?["policy-trainer"]?.text == "made")
    let kept = try Morlaif.run(["certificates", "--directory", folder, "--json"])
    #expect(try kept.records().first?["ca"]?.text == "kept")
    let quiet = try Morlaif.run(["certificates", "--directory", folder, "--quiet"])
    #expect(quiet.output.isEmpty)
    let wrong = try Morlaif.run(["certificates", "--directory", folder, "--host", "a,b"])
    #expect(wrong.code == 65)
  }

  @Test func `without certificates a command says how to make them`() throws {
    let folder = NSTemporaryDirectory() + "nothing-\(UUID().uuidString)"
    let outcome = try Morlaif.run(
      ["score", "--input", "-", "--state", folder],
      input: "{}\n",
      environment: ["MORLAIF_CERTIFICATES": ""]
    )
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("morlaif certificates --directory \(folder)/certificates"))
  }

  @Test func `services that are down are shown as down with code 69`() throws {
    let folder = NSTemporaryDirectory() + "state-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let certificates = folder + "/certificates"
    _ = try Morlaif.run(["certificates", "--directory", certificates, "--quiet"])
    // Port 1 of this machine: nobody listens there.
    let outcome = try Morlaif.run([
      "status", "scalarizer", "--json", "--state", folder, "--certificates", certificates,
      "--endpoint", "scalarizer=127.0.0.1:1",
    ])
    #expect(outcome.code == 69)
    #expect(try outcome.records().first?["health"]?.text == "down")
  }
}
