internal import Foundation

/// A judged pair that shows a judge how to answer.
package struct JudgeExample: Sendable, Equatable {
  /// Which response of an example is better.
  package enum Verdict: String, Sendable, Codable {
    /// Response A.
    case a = "A"
    /// Response B.
    case b = "B"
  }

  /// The principle it belongs to; empty for all.
  package var principleID: String
  /// What both responses answer.
  package var prompt: String
  /// The response shown first.
  package var responseA: String
  /// The response shown second.
  package var responseB: String
  /// Which is better.
  package var verdict: Verdict
  /// Why, for judges that reason; may be empty.
  package var reasoning: String

  /// Creates an example from its parts.
  package init(
    principleID: String = "",
    prompt: String,
    responseA: String,
    responseB: String,
    verdict: Verdict,
    reasoning: String = ""
  ) {
    self.principleID = principleID
    self.prompt = prompt
    self.responseA = responseA
    self.responseB = responseB
    self.verdict = verdict
    self.reasoning = reasoning
  }

  /// Longest accepted file of examples, in bytes.
  static let fileByteCountMax = 1 << 20

  func applies(to principleID: String) -> Bool {
    self.principleID.isEmpty || self.principleID == principleID
  }

  /// What the judge is shown to have answered.
  func answer(reasons: Bool) -> String {
    guard reasons else { return verdict.rawValue }
    return (reasoning.isEmpty ? "" : reasoning + "\n") + "Verdict: \(verdict.rawValue)"
  }

  /// Reads examples from lines `{"prompt","response_a","response_b","verdict"}`, optionally with
  /// `reasoning` and `principle`.
  ///
  /// - Throws: `LabelingError.judgeConfiguration` naming file and line.
  package static func load(file: String) throws(LabelingError) -> [JudgeExample] {
    func refusal(_ reason: String) -> LabelingError {
      .judgeConfiguration(field: "examples", value: file, reason: reason)
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw refusal("the file cannot be read")
    }
    guard data.count <= fileByteCountMax else {
      throw refusal("the file has more than \(fileByteCountMax) bytes")
    }
    var examples: [JudgeExample] = []
    for (index, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
      do {
        examples.append(JudgeExample(try JSONDecoder().decode(Line.self, from: line)))
      } catch {
        throw refusal(
          "line \(index + 1) needs the texts prompt, response_a, response_b and verdict (A or B)"
        )
      }
    }
    return examples
  }

  private struct Line: Decodable {
    var principle: String?
    var prompt: String
    var response_a: String
    var response_b: String
    var verdict: Verdict
    var reasoning: String?
  }

  private init(_ line: Line) {
    self.init(
      principleID: line.principle ?? "",
      prompt: line.prompt,
      responseA: line.response_a,
      responseB: line.response_b,
      verdict: line.verdict,
      reasoning: line.reasoning ?? ""
    )
  }
}
