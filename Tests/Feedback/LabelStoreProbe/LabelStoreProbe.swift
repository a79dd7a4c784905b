import Foundation
import Glibc
import Labeling
import Logging
import Synchronization

/// Labels pairs without end and says which labels are durable, so that a test can kill it.
///
/// `label FILE` labels with the rules judge; `half FILE` stops for ever at the second order of the
/// first pair; `endpoint FILE URL CONCURRENCY COUNT` asks an endpoint about COUNT pairs and tells its
/// resident memory, in KiB, after every thousand labels.
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
    if CommandLine.arguments[1] == "endpoint" { return try await askEndpoint(engine) }
    let isHalf = CommandLine.arguments[1] == "half"
    let judge: any Judge = isHalf ? HalfJudge() : RulesJudge()
    let principles = isHalf ? [conciseness] : [conciseness, relevance]
    let pairs = Pairs(count: isHalf ? 1 : 100_000)
    let plan = LabelingPlan(dataset: "probe", principles: principles, panel: Panel(judge))
    _ = try await engine.label(pairs, as: plan) {
      say("\($0.pairID) \($0.principleID)")
    }
  }

  static func askEndpoint(_ engine: LabelingEngine) async throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var configuration = HTTPJudgeConfiguration(baseURL: CommandLine.arguments[3], model: "m")
    configuration.concurrencyMax = Int(CommandLine.arguments[4]) ?? 1
    let judge = try HTTPJudge(
      configuration: configuration,
      ledger: SpendingLedger(store: engine.store),
      logger: Logger(label: "probe")
    )
    let pairs = Pairs(count: Int(CommandLine.arguments[5]) ?? 1, paddingByteCount: 8192)
    let labelCount = Mutex(0)
    let plan = LabelingPlan(dataset: "probe", principles: [conciseness], panel: Panel(judge))
    _ = try await engine.label(pairs, as: plan) {
      _ = try $0.result.get()
      let count = labelCount.withLock { count in
        count += 1
        return count
      }
      if count % 1000 == 0 { say("\(residentKibibytes())") }
    }
  }

  /// Resident memory of this process.
  static func residentKibibytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return Int(line.filter(\.isNumber)) ?? 0
  }

  static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
}

/// Different pairs, made as they are asked for.
struct Pairs: AsyncSequence, AsyncIteratorProtocol, Sendable {
  var count: Int
  /// Bytes added to each prompt.
  var paddingByteCount = 0
  var number = 0

  mutating func next() async -> PreferencePair? {
    guard number < count else { return nil }
    defer { number += 1 }
    return PreferencePair(
      id: "pair-\(number)",
      prompt: "How do I chop onions, number \(number)?"
        + String(repeating: " ", count: paddingByteCount),
      responseA: "Chop them with a sharp knife, \(number).",
      responseB: "Use a board for number \(number) and a knife."
    )
  }

  func makeAsyncIterator() -> Pairs { self }
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
