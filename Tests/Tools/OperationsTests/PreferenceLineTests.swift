import Foundation
import Hashing
import JSON
import Messages
import Operations
import RunReports
import Testing

@Suite struct PreferenceLineTests {
  private func read(_ text: String) throws -> [PreferenceLine] {
    let path = NSTemporaryDirectory() + "preferences-\(UUID().uuidString).jsonl"
    try TextFile.write(text, path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let reader = try RecordReader(path: path)
    var lines: [PreferenceLine] = []
    while let record = try reader.next() {
      lines.append(try PreferenceLine(record, principle: "helpful", in: reader))
    }
    return lines
  }

  @Test(arguments: [
    ("", "helpful", 0.98), (#","principle":"tone","margin":0"#, "tone", 0.5),
    (#","margin":1.0986122886681098"#, "helpful", 0.75),
    (#","margin":5,"p":0.6,"other":[1]"#, "helpful", 0.6),
    (#","margin":null,"p":1"#, "helpful", 1),
  ])
  func `p counts before the margin and both may be missing`(
    members: String,
    principle: String,
    probability: Double
  ) throws {
    let line = try #require(
      try read(#"{"prompt":"p","chosen":"c","rejected":"r"\#(members)}"#).first
    )
    #expect(line.principle == principle)
    #expect(abs(line.probability - probability) < 1e-12)
  }

  @Test(arguments: [
    #"{"prompt":[{"role":"user","content":"p"}],"chosen":[{"role":"assistant","content":"c"}],"rejected":"r"}"#,
    #"{"chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}"#,
    #"{"prompt":"p","chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}"#,
  ])
  func `lists of messages with one question are read as texts`(line: String) throws {
    let texts = try #require(try read(line).first).texts
    #expect(texts.prompt == "p" && texts.chosen == "c" && texts.rejected == "r")
  }

  @Test(arguments: [
    (#"{"prompt":"p","chosen":"c"}"#, "needs \"rejected\""),
    (#"{"chosen":"c","rejected":"r"}"#, "needs a \"prompt\""),
    (#"{"prompt":"","chosen":"c","rejected":"r"}"#, "needs a \"prompt\""),
    (#"{"prompt":[],"chosen":"c","rejected":"r"}"#, "needs a \"prompt\""),
    (#"{"prompt":7,"chosen":"c","rejected":"r"}"#, "\"prompt\" must be"),
    (#"{"prompt":"p","chosen":"c","rejected":"c"}"#, "the same text"),
    (#"{"prompt":"p","chosen":[{"role":"user"}],"rejected":"c"}"#, "a message of \"chosen\""),
    (
      #"{"prompt":"p","chosen":[{"role":"user","content":"c"}],"rejected":"c"}"#,
      "role user instead of assistant"
    ),
    (
      #"{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"p"}],"chosen":"c","rejected":"r"}"#,
      "roles system, user"
    ),
    (
      #"{"prompt":"p","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"c"}],"rejected":"r"}"#,
      "differ"
    ),
    (#"{"prompt":"p","chosen":"c","rejected":"r","margin":-1}"#, "\"margin\" must be"),
    (#"{"prompt":"p","chosen":"c","rejected":"r","margin":"1"}"#, "\"margin\" must be"),
    (#"{"prompt":"p","chosen":"c","rejected":"r","p":0.4}"#, "\"p\" must be a number, 0.5 to 1.0"),
    (#"{"prompt":"p","chosen":"c","rejected":"r","principle":"A b"}"#, "the principle \"A b\""),
    (#"{"prompt":"p","chosen":"c","rejected":"r","source":""}"#, "\"source\" must be"),
    (#"{"prompt":"p","chosen":"c","rejected":"r","id":"a\u0000"}"#, "\"id\" must be"),
    ("[]", "one JSON object"),
  ])
  func `a line that cannot be used is refused by its number`(line: String, reason: String) throws {
    let good = #"{"prompt":"p","chosen":"c","rejected":"r"}"#
    let error = #expect(throws: OperationsError.self) { try read(good + "\n\n" + line + "\n") }
    let text = try #require(error).description
    #expect(text.contains(".jsonl, line 3: ") && text.contains(reason), "\(text)")
  }

  @Test func `the same texts are the same pair whichever is preferred`() throws {
    let lines = try read(
      """
      {"prompt":"p","chosen":"x","rejected":"y"}
      {"prompt":"p","chosen":"y","rejected":"x","source":"me"}
      {"prompt":"p\\n1:x","chosen":"x","rejected":"y"}
      """
    )
    #expect(lines[0].identity == lines[1].identity)
    #expect(lines[0].identity != lines[2].identity)
    for digest in ["0f", "1f", "af", "bf"] {
      let one = lines[0].message(digest: digest)
      let other = lines[1].message(digest: digest)
      #expect(one.pair?.responseA == other.pair?.responseA)
      #expect(abs((one.label?.pA ?? 0) + (other.label?.pA ?? 0) - 1) < 1e-12)
      #expect(one.pair?.id == "imported-\(digest)")
      #expect(((one.label?.pA ?? 0) > 0.5) == (one.pair?.responseA == "x"))
    }
    #expect(
      lines[0].message(digest: "0").pair?.responseA != lines[0].message(digest: "1").pair?.responseA
    )
    #expect(lines[1].message(digest: "0").label?.judgeID == "me")
  }

  @Test func `an imported preference says nothing by its position`() throws {
    let text = (0..<200).map {
      #"{"prompt":"p\#($0)","chosen":"good \#($0)","rejected":"bad \#($0)"}"# + "\n"
    }
    let messages = try read(text.joined()).map {
      $0.message(digest: SHA256.hexDigest(of: $0.identity))
    }
    let firstCount = messages.count { $0.pair?.responseA.hasPrefix("good") ?? false }
    #expect(firstCount > 60 && firstCount < 140)
    #expect(Set(messages.compactMap(\.pair?.id)).count == 200)
  }

  @Test func `a label that is written as a line is read as the same preference`() throws {
    let texts = #""prompt":"p\u2028","chosen":"good\n\u0000","rejected":"bad""#
    let line = #"{\#(texts),"principle":"tone","p":0.75,"source":"me"}"#
    let stored = try #require(try read(line).first).message(digest: "0")
    let written = PreferenceLine.json(
      label: try #require(stored.label),
      pair: try #require(stored.pair)
    )
    let back = try #require(try read(written.line).first)
    #expect(back.texts == (try read(line).first)?.texts)
    #expect(back.principle == "tone" && back.source == "me")
    #expect(abs(back.probability - 0.75) < 1e-12)
  }
}
