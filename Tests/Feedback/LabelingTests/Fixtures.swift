import Foundation
import Labeling
import Synchronization

/// A fresh folder that is removed with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "morlaif-labeling-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: file(name), atomically: true, encoding: .utf8)
    return file(name)
  }
}

/// A judge that prefers the longer response and counts what it is asked.
final class CountingJudge: Judge {
  let id: String
  let version: String
  let batchSize: Int
  let concurrencyMax: Int
  private let gate: AsyncPermits?
  private let state = Mutex((questionCount: 0, activeCount: 0, activeCountMax: 0))

  init(
    id: String = "counting",
    version: String = "1",
    batchSize: Int = 4,
    concurrencyMax: Int = 3,
    gate: AsyncPermits? = nil
  ) {
    self.id = id
    self.version = version
    self.batchSize = batchSize
    self.concurrencyMax = concurrencyMax
    self.gate = gate
  }

  var questionCount: Int { state.withLock { $0.questionCount } }
  var activeCountMax: Int { state.withLock { $0.activeCountMax } }

  func judge(_ questions: [JudgeQuestion]) async -> [Result<Verdict, LabelingError>] {
    state.withLock {
      $0.questionCount += questions.count
      $0.activeCount += 1
      $0.activeCountMax = max($0.activeCountMax, $0.activeCount)
    }
    defer { state.withLock { $0.activeCount -= 1 } }
    if let gate {
      do throws(LabelingError) {
        try await gate.acquire()
        gate.release()
      } catch {
        return questions.map { _ in .failure(error) }
      }
    }
    return questions.map { question in
      if question.prompt == "unjudgeable" {
        return .failure(.noVerdict(judge: id, reason: "scripted"))
      }
      let margin = Double(question.first.count - question.second.count)
      return .success(
        Verdict(logProbabilityFirst: min(0, margin), logProbabilitySecond: min(0, -margin))
      )
    }
  }
}

/// A clock whose sleeps return at once and are remembered.
final class InstantClock: Clock {
  struct Instant: InstantProtocol {
    var offset: Duration = .zero
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let state = Mutex((now: Instant(), sleeps: [Duration]()))

  var now: Instant { state.withLock { $0.now } }
  var minimumResolution: Duration { .nanoseconds(1) }
  var sleeps: [Duration] { state.withLock { $0.sleeps } }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    state.withLock {
      $0.sleeps.append($0.now.duration(to: deadline))
      $0.now = max($0.now, deadline)
    }
  }
}

let conciseness = Principle(
  id: "conciseness",
  text: "Says it in fewer words.",
  negativeText: "Says it in more words."
)
let relevance = Principle(id: "relevance", text: "Answers what was asked.", negativeText: "Strays.")

func pair(_ number: Int, prompt: String = "How do I chop onions?") -> PreferencePair {
  PreferencePair(
    id: "pair-\(number)",
    prompt: prompt,
    responseA: "You chop the onions with a sharp knife on a board, number \(number).",
    responseB: "Use a board and knife for number \(number).",
    source: "test"
  )
}

extension LabelingEngine {
  /// Labels by one judge.
  func label(
    _ pairs: [PreferencePair],
    dataset: String,
    principles: [Principle],
    judge: any Judge,
    account: RunAccount? = nil
  ) async throws -> [LabelOutcome] {
    let plan = LabelingPlan(
      dataset: dataset,
      principles: principles,
      panel: Panel(judge),
      account: account
    )
    return try await label(pairs, as: plan)
  }

  /// Labels a stream by one judge.
  func label<Pairs: AsyncSequence & Sendable>(
    _ pairs: Pairs,
    dataset: String,
    principles: [Principle],
    judge: any Judge,
    deliver: @escaping @Sendable (LabelOutcome) async throws -> Void
  ) async throws -> LabelingSummary where Pairs.Element == PreferencePair {
    let plan = LabelingPlan(dataset: dataset, principles: principles, panel: Panel(judge))
    return try await label(pairs, as: plan, deliver: deliver)
  }
}

/// The folder `compose/config` of the project.
let configurationFolder: String = {
  var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
  for _ in 0..<4 { folder.deleteLastPathComponent() }
  return folder.path + "/compose/config"
}()
