import Foundation
import JSON
import RunReports
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    "run", "report", "certificates", "up", "down", "status", "label", "review", "statistics",
    "usage", "import", "export",
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
    let endpoint = try Morlaif.run(["status", "--endpoint", "scalarizer=1"])
    #expect(endpoint.code == 64 && endpoint.errors.contains("--endpoint 'scalarizer=1'"))
    #expect(try Morlaif.run(["call", "nowhere", "--list"]).code == 64)
  }

  private static let model = Morlaif.root + "/Tests/Vectors/models/tiny-chat"
  private static let tokenize = ["tokenize", "--model", model, "--input", "-"]

  @Test(arguments: [("--output /dev/full", "/dev/full"), (">/dev/full", "standard output")])
  func `a full disk is said in words`(output: String, name: String) throws {
    let outcome = try Morlaif.run(Self.tokenize, input: "{\"text\":\"a\"}\n", streams: output)
    #expect(outcome.code == 70)
    #expect(
      outcome.errors
        == "morlaif: \(name): cannot be written: No space left on device; make room and try again\n"
    )
  }

  @Test(arguments: [(">&-", Int32(70)), ("<&-", 65), ("2>&- <&-", 65), ("2>/dev/full <&-", 65)])
  func `closed streams are errors and nothing worse`(streams: String, code: Int32) throws {
    let outcome = try Morlaif.run(Self.tokenize, input: "{\"text\":\"a\"}\n", streams: streams)
    #expect(outcome.code == code)
    #expect(outcome.errors.contains("Bad file descriptor") == !streams.contains("2>"))
  }

  @Test func `the input is not overwritten by the output`() throws {
    let path = NSTemporaryDirectory() + "records-\(UUID().uuidString).jsonl"
    try TextFile.write("{\"text\":\"a\"}\n", path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let outcome = try Morlaif.run(
      ["tokenize", "--model", Self.model, "--input", path, "--output", path]
    )
    #expect(outcome.code == 64 && outcome.errors.contains(path))
    #expect(try TextFile.read(path: path) == "{\"text\":\"a\"}\n")
  }

  @Test func `files that are missing and folders that cannot be made say why`() throws {
    let recipe = try Morlaif.run(["run", "/nowhere/recipe.yaml"])
    #expect(recipe.code == 78)
    #expect(recipe.errors == "morlaif: /nowhere/recipe.yaml: there is no such file\n")
    let text = try Morlaif.run(Self.tokenize, input: "{\"text\":7}\n")
    #expect(text.code == 65 && text.errors.contains("line 1: needs a text \"text\", not a number"))
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

  @Test(arguments: [
    ("score", ["--input", "-"]), ("status", []), ("call", ["127.0.0.1:1", "--list"]),
  ])
  func `without certificates a command says how to make them`(
    command: String,
    arguments: [String]
  ) throws {
    let folder = NSTemporaryDirectory() + "nothing-\(UUID().uuidString)"
    let outcome = try Morlaif.run(
      [command, "--state", folder] + arguments,
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
