import Foundation
import JSON
import RunReports
import Testing

/// `import` and `export` with a labeler that runs as a process of its own.
@Suite(.enabled(if: Morlaif.hasProgram("labeler"), "the labeler has not been built"))
final class PreferenceCommandTests {
  private let folder = NSTemporaryDirectory() + "preferences-\(UUID().uuidString)"
  private var place: [String] { ["--state", folder, "--certificates", folder + "/certificates"] }

  init() throws {
    let made = try Morlaif.run([
      "certificates", "--directory", folder + "/certificates", "--quiet",
    ])
    try #require(made.code == 0, "\(made.errors)")
    // Port 0: the system chooses, and 'up' tells the other commands.
    let up = try Morlaif.run(
      ["up", "labeler", "--config", Morlaif.root + "/compose/config"] + place,
      environment: ["LABELER_PORT": "0"]
    )
    try #require(up.code == 0, "\(up.errors)")
  }

  deinit {
    _ = try? Morlaif.run(["down", "labeler", "--force"] + place)
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func run(
    _ command: String,
    dataset: String,
    _ arguments: [String],
    input: String = ""
  ) throws -> Morlaif.Outcome {
    try Morlaif.run([command, "--dataset", dataset] + arguments + place, input: input)
  }

  private static let lines = """
    {"prompt":"p1","chosen":"good","rejected":"bad"}
    {"prompt":"p2","chosen":"ü\\u0000\\n","rejected":"","principle":"tone","margin":1.25,"source":"alice"}

    {"prompt":"p2","chosen":"","rejected":"ü\\u0000\\n","principle":"tone","p":0.75,"source":"bob"}
    {"prompt":"p3","chosen":"a","rejected":"b","margin":0,"id":"mine"}

    """

  @Test func `what was imported is exported and imported again`() throws {
    let first = try run("import", dataset: "one", ["--input", "-", "--json"], input: Self.lines)
    #expect(first.code == 0, "\(first.errors)")
    let counts: JSONValue = ["dataset": "one", "stored": 4, "already_known": 0]
    #expect(try first.records() == [counts])
    let known = try run("import", dataset: "one", ["--input", "-"], input: Self.lines)
    #expect(known.output == "0 stored, 4 already known\n", "\(known.errors)")

    let exported = try run("export", dataset: "one", ["--output", "-"])
    #expect(exported.code == 0)
    #expect(exported.errors == "1 ties were left out; --ties writes them\n")
    let records = try exported.records()
    #expect(records.map { $0["chosen"]?.text } == ["good", "ü\0\n", ""])
    #expect(records.map { $0["rejected"]?.text } == ["bad", "", "ü\0\n"])
    #expect(records.map { $0["principle"]?.text } == ["overall", "tone", "tone"])
    #expect(records.map { $0["source"]?.text } == ["imported", "alice", "bob"])
    let p = records.compactMap { $0["p"]?.double }
    #expect(abs(p[0] - 0.98) < 1e-12 && abs(p[2] - 0.75) < 1e-12)
    #expect(abs((records[1]["margin"]?.double ?? 0) - 1.25) < 1e-9)

    let whole = try run("export", dataset: "one", ["--ties"])
    #expect(try whole.records().last?["tie"] == true)
    let again = try run("import", dataset: "two", ["--input", "-"], input: whole.output)
    #expect(again.output == "4 stored, 0 already known\n", "\(again.errors)")
    let repeated = try run("export", dataset: "two", []).records()
    #expect(repeated.map { $0["chosen"] } == records.map { $0["chosen"] })
    #expect(repeated.map { $0["source"] } == records.map { $0["source"] })
    for (one, other) in zip(repeated, p) {
      #expect(abs((one["p"]?.double ?? 0) - other) < 1e-12)
    }

    let tone = try run("export", dataset: "one", ["--principle", "tone"]).records()
    #expect(tone.count == 2)
  }

  @Test func `a wrong line and a used id are named and end with code 65`() throws {
    let path = folder + "/wrong.jsonl"
    try TextFile.write(Self.lines + "{\"prompt\":\"p\",\"chosen\":\"c\"}\n", path: path)
    let wrong = try run("import", dataset: "wrong", ["--input", path])
    #expect(wrong.code == 65)
    #expect(wrong.errors.contains("\(path), line 6: needs \"rejected\""), "\(wrong.errors)")

    let mine = "{\"id\":\"mine\",\"prompt\":\"p3\",\"chosen\":\"a\",\"rejected\":\"b\"}\n"
    let other = mine.replacingOccurrences(of: "p3", with: "p4")
    let twice = try run("import", dataset: "ids", ["--input", "-"], input: mine + other)
    #expect(twice.code == 65)
    #expect(twice.errors.contains("line 2: the id \"mine\" names other texts in line 1"))
    _ = try run("import", dataset: "ids", ["--input", "-"], input: mine)
    let stored = try run("import", dataset: "ids", ["--input", "-"], input: other)
    #expect(stored.code == 65)
    #expect(stored.errors.contains("standard input, line 1 or before: "), "\(stored.errors)")
    #expect(stored.errors.contains("mine"))
  }

  @Test func `a dataset that does not exist is named and no file is emptied`() throws {
    let path = folder + "/kept.jsonl"
    try TextFile.write("kept\n", path: path)
    let outcome = try run("export", dataset: "none", ["--output", path])
    #expect(outcome.code == 65)
    #expect(outcome.errors.contains("'none' does not exist"))
    #expect(try TextFile.read(path: path) == "kept\n")
  }
}

extension Morlaif {
  /// Whether another of our programs has been built too.
  static func hasProgram(_ name: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: "\(programs)/\(name)")
  }
}
