import Foundation
import Labeling
import Testing

@Suite struct VerdictParserTests {
  @Test(
    arguments: [
      "A", " A", "a", " a", "A.", "(A)", "**A**", "Answer: A", "\u{0120}A", "\u{2581}A",
      "bytes:\\x41",
      "bytes:\\x20A", "<0x41>", "\"A\"", "`A`", "A\n", "[[A]]", "A)", "A:", "The answer is A",
      "Option A",
      "response a",
    ])
  func `a letter is recognised in every spelling`(token: String) {
    #expect(VerdictParser.letter(ofToken: token) == .first)
    let other = token.replacingOccurrences(of: "x41", with: "x42")
      .replacingOccurrences(of: "A(?!nswer)", with: "B", options: .regularExpression)
      .replacingOccurrences(of: "(?<![a-z])a(?![a-z])", with: "b", options: .regularExpression)
    #expect(VerdictParser.letter(ofToken: other) == .second, "\(other)")
  }

  @Test(arguments: [
    "", " ", "C", "AB", "the", "An", "1", "\u{1F170}", "Answer", "\\x4", "<0x4", "A B",
  ])
  func `other tokens are no letter`(token: String) {
    #expect(VerdictParser.letter(ofToken: token) == nil)
  }

  @Test(
    arguments: [
      ("Final answer: **B**.", VerdictParser.Choice.second),
      ("I choose A because it is shorter.", .first),
      ("Response B is better.", .second), ("The better response is A.", .first),
      ("A good point in both, but the answer is B.", .second), ("[[B]]", .second),
      ("Looking at A and B, my verdict: A", .first), ("A is shorter, so A wins.", .first),
      ("Tie", .tie), ("They are equal.", .tie),
    ])
  func `the choice of a sentence is found`(text: String, choice: VerdictParser.Choice) {
    #expect(VerdictParser.choice(ofText: text) == choice)
  }

  @Test(
    arguments: [
      "", "I cannot decide.", "A good question.",
      "Between A and B I see merits on each side of it.",
      "Sorry, I cannot help with that request.", "42",
    ])
  func `a text without a verdict has none`(text: String) {
    #expect(VerdictParser.choice(ofText: text) == nil)
  }
}

@Suite struct VerdictReaderTests {
  let reader = VerdictReader(parsedConfidence: 0.9)

  func completion(_ json: String) throws -> ChatCompletion {
    try #require(ChatCompletion(Array(json.utf8)))
  }

  @Test func `the probabilities of all spellings are added`() throws {
    let json = """
      {"choices":[{"message":{"content":" A"},"logprobs":{"content":[{"token":" A","logprob":-1.0,
      "top_logprobs":[{"token":" A","logprob":-1.0},{"token":"a","logprob":-2.0},
      {"token":"**B**","logprob":-1.5},{"token":"the","logprob":-3.0}]}]}}]}
      """
    let verdict = try #require(reader.read(try completion(json)))
    #expect(abs(verdict.logProbabilityFirst - log(exp(-1) + exp(-2))) < 1e-12)
    #expect(abs(verdict.logProbabilitySecond - -1.5) < 1e-12)
  }

  @Test func `a missing letter gets the most it can have, never an invented number`() throws {
    let json = """
      {"choices":[{"message":{"content":"A"},"logprobs":{"content":[{"token":"A","logprob":-0.1,
      "top_logprobs":[{"token":"A","logprob":-0.1},{"token":"The","logprob":-3.0}]}]}}]}
      """
    let verdict = try #require(reader.read(try completion(json)))
    // exp(-0.1) + exp(-3) = 0.954624; what is left, 0.045376, is less than exp(-3) = 0.049787.
    #expect(abs(verdict.logProbabilitySecond - log(1 - exp(-0.1) - exp(-3))) < 1e-9)
  }

  @Test func `the verdict is read where the answer states it`() throws {
    let json = """
      {"choices":[{"message":{"content":"Answer: B"},"logprobs":{"content":[
      {"token":"Answer","logprob":-0.1,"top_logprobs":[{"token":"A","logprob":-0.2}]},
      {"token":":","logprob":-0.1,"top_logprobs":[]},
      {"token":" B","logprob":-0.3,"bytes":[32,66],"top_logprobs":[{"token":"?","bytes":[32,66],
      "logprob":-0.3},{"token":" A","logprob":-1.4}]}]}}]}
      """
    let verdict = try #require(reader.read(try completion(json)))
    #expect(verdict.logProbabilitySecond == -0.3 && verdict.logProbabilityFirst == -1.4)
  }

  @Test func `text without log-probabilities counts with the configured confidence`() throws {
    let verdict = try #require(
      reader.read(try completion(#"{"choices":[{"message":{"content":"B"}}]}"#))
    )
    #expect(abs(verdict.probabilityFirst - 0.1) < 1e-12)
  }

  @Test(
    arguments: [
      "", "null", "[]", "{}", #"{"choices":[]}"#, #"{"choices":{}}"#, #"{"choices":[null]}"#,
      #"{"choices":[{}]}"#, #"{"choices":[{"message":{"content":"none"}}]}"#,
      #"{"choices":[{"message":null}]}"#, #"{"choices":[{"message":{"content":7}}]}"#,
      #"{"choices":[{"message":{"content":""},"logprobs":{"content":[{"token":"A","logprob":1e999}]}}]}"#,
      #"{"choices":[{"message":{"content":""},"logprobs":{"content":[{"token":"A","logprob":5}]}}]}"#,
    ])
  func `a lying server gives no verdict and no trap`(json: String) {
    #expect(ChatCompletion(Array(json.utf8)).flatMap(reader.read) == nil)
  }

  @Test func `deeply nested and random bytes are refused`() {
    #expect(ChatCompletion(Array(String(repeating: "[", count: 100_000).utf8)) == nil)
    let valid = Array(
      #"{"choices":[{"message":{"content":"A"},"logprobs":{"content":[{"token":"A","logprob":-1}]}}]}"#
        .utf8
    )
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = valid
      bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
        in: 0...255,
        using: &generator
      )
      _ = ChatCompletion(bytes).flatMap(reader.read)
    }
  }
}

@Suite struct ModelJudgeTests {
  struct Scorer: VerdictScorer {
    var modelID = "tiny"
    var modelVersion = "1"
    var batchSize = 8
    var rows: @Sendable ([String], [JudgeMessage]) -> [Double]

    func logProbabilities(
      of candidates: [String],
      after conversations: [[JudgeMessage]]
    ) async throws -> [[Double]] {
      conversations.map { rows(candidates, $0) }
    }
  }

  @Test func `the spellings of a letter are added and the question holds everything`() async throws
  {
    let judge = ModelJudge(
      scorer: Scorer { candidates, messages in
        #expect(messages.map(\.role) == ["system", "user"])
        #expect(messages[1].content.contains(conciseness.text))
        #expect(messages[1].content.contains(pair(1).prompt))
        return candidates.map { $0 == "A" ? -1 : $0 == " A" ? -2 : $0 == "B" ? -3 : -40 }
      }
    )
    let results = await judge.judge([
      JudgeQuestion(pair(1), principle: conciseness, order: .forward)
    ])
    let verdict = try results[0].get()
    #expect(abs(verdict.logProbabilityFirst - log(exp(-1) + exp(-2))) < 1e-9)
    #expect(abs(verdict.logProbabilitySecond - -3) < 1e-9)
  }

  @Test func `numbers that are missing or not finite are no verdict`() async {
    for row in [[Double.nan], [], Array(repeating: -Double.infinity, count: 8)] {
      let judge = ModelJudge(scorer: Scorer { _, _ in row })
      let results = await judge.judge([
        JudgeQuestion(pair(1), principle: conciseness, order: .forward)
      ])
      #expect((try? results[0].get()) == nil)
    }
  }
}
