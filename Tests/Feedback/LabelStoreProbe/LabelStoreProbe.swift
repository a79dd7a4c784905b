import Foundation
import Labeling
import Logging

/// Labels pairs without end and says which labels are durable, so that a test can kill it.
///
/// `label FILE` labels with the rules judge; `half FILE` stops for ever at the second order of the
/// first pair.
@main
enum LabelStoreProbe {
  static let conciseness = Principle(
    id: "conciseness",
    text: "Says it in fewer words.",
    negativeText: "Says it in more words."
  )
  static let relevance = Principle(
    id: "relevance",
    text: "Answers what was asked.",
    negativeText: "Strays."
  )

  static func main() async throws {
    let store = try LabelStore(path: CommandLine.arguments[2])
    let engine = LabelingEngine(store: store, logger: Logger(label: "probe"))
    let isHalf = CommandLine.arguments[1] == "half"
    let judge: any Judge = isHalf ? HalfJudge() : RulesJudge()
    let principles = isHalf ? [conciseness] : [conciseness, relevance]
    let numbers = AsyncStream<PreferencePair> { input in
      for number in 0..<(isHalf ? 1 : 100_000) {
        input.yield(
          PreferencePair(
            id: "pair-\(number)",
            prompt: "How do I chop onions, number \(number)?",
            responseA: "Chop them with a sharp knife, \(number).",
            responseB: "Use a board for number \(number) and a knife."
          )
        )
      }
      input.finish()
    }
    _ = try await engine.label(numbers, dataset: "probe", principles: principles, judge: judge) {
      say("\($0.pairID) \($0.principleID)")
    }
  }

  static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
}

/// Answers the first question and never the second.
struct HalfJudge: Judge {
  let id = "half"
  let version = "1"
  let batchSize = 1
  let concurrencyMax = 1

  func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>] {
    if questions[0].first.hasPrefix("Use a board") {
      LabelStoreProbe.say("second order asked")
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
    }
    return [.success(Verdict(logProbabilityFirst: -0.1, logProbabilitySecond: -2))]
  }
}
