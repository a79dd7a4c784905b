import Foundation
import Labeling
import Testing

@Suite struct PreferenceFileTests {
  let folder = TemporaryFolder()

  func read(_ text: String) throws -> [PreferenceRecord] {
    var reader = try PreferenceReader(path: try folder.write(text, to: "preferences.jsonl"))
    var records: [PreferenceRecord] = []
    while let record = try reader.next() { records.append(record) }
    return records
  }

  @Test func `what was written is read again`() throws {
    let records = [
      PreferenceRecord(
        prompt: "p",
        chosen: "c\n\u{2028}\u{0}",
        rejected: "\u{1F600}/\"",
        principle: "tone",
        margin: 0.5,
        source: "me"
      ),
      PreferenceRecord(prompt: "q", chosen: "c", rejected: ""),
    ]
    let text = try records.map { try PreferenceWriter.line($0) }.joined(separator: "\n\n") + "\r\n"
    #expect(try read(text) == records)
  }

  @Test func `lines longer than the buffer are read whole`() throws {
    let long = String(repeating: "word ", count: 60_000)
    let record = PreferenceRecord(prompt: "p", chosen: long, rejected: "short")
    let line = try PreferenceWriter.line(record)
    #expect(try read(line + "\n" + line) == [record, record])
  }

  @Test(
    arguments: [
      (#"{"prompt":"p","chosen":"c"}"#, "field rejected is missing"),
      (#"{"prompt":"p","chosen":"c","rejected":7}"#, "field rejected has the wrong type"),
      (#"{"prompt":"p","chosen":"c","rejected":"c"}"#, "the same text"),
      (#"{"prompt":"","chosen":"c","rejected":"d"}"#, "field prompt is empty"),
      (#"{"prompt":"p","chosen":"c","rejected":"d","margin":-1}"#, "field margin"),
      (#"{"prompt":"p","chosen":"c","rejected":"d","principle":"a b"}"#, "field principle"),
      ("not json", "not a JSON object"), ("[]", "expected an object"),
      ("\u{FEFF}{", "not a JSON object"),
    ])
  func `a malformed line is refused by file and line`(line: String, expected: String) throws {
    let good = #"{"prompt":"p","chosen":"c","rejected":"d"}"#
    let error = #expect(throws: LabelingError.self) { try read(good + "\n\n" + line + "\n" + good) }
    let text = error?.description ?? ""
    #expect(text.contains(expected), "\(text)")
    #expect(text.contains("preferences.jsonl, line 3"), "\(text)")
  }

  @Test func `a missing file is named`() {
    #expect(throws: LabelingError.self) { _ = try PreferenceReader(path: folder.file("none")) }
  }

  @Test func `an imported preference says nothing by its position`() {
    let labelled = (0..<200).map {
      PreferenceRecord(prompt: "p\($0)", chosen: "good \($0)", rejected: "bad \($0)").labelled()
    }
    let firstCount = labelled.count { $0.pair.responseA.hasPrefix("good") }
    #expect(firstCount > 60 && firstCount < 140)
    for item in labelled {
      #expect((item.label.probabilityA > 0.5) == item.pair.responseA.hasPrefix("good"))
      #expect(abs(abs(item.label.probabilityA - 0.5) - 0.48) < 1e-12)
    }
    #expect(Set(labelled.map(\.pair.id)).count == 200)
  }

  @Test func `import and export keep the preference`() throws {
    let record = PreferenceRecord(
      prompt: "p",
      chosen: "good",
      rejected: "bad",
      principle: "tone",
      margin: 1.25,
      source: "me"
    )
    let labelled = record.labelled()
    let back = try #require(PreferenceRecord(pair: labelled.pair, label: labelled.label))
    #expect(abs(try #require(back.margin) - 1.25) < 1e-9)
    #expect(
      back.chosen == "good" && back.rejected == "bad" && back.principle == "tone"
        && back.source == "me"
    )
  }

  @Test func `the same texts preferred the other way round are the same pair`() {
    let one = PreferenceRecord(prompt: "p", chosen: "x", rejected: "y").labelled()
    let other = PreferenceRecord(prompt: "p", chosen: "y", rejected: "x").labelled()
    #expect(one.pair == other.pair)
    #expect(abs(one.label.probabilityA + other.label.probabilityA - 1) < 1e-12)
  }
}
