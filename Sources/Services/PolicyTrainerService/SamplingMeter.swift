internal import LanguageModels
internal import Messages
internal import ServiceKit
internal import Synchronization

/// Turns the generator's reports into progress over all rounds, at most two reports a second.
final class SamplingMeter: Sendable {
  private struct State {
    var doneBefore = 0
    var tokensBefore = 0
    var latest = GenerationProgress(finished: 0, total: 0, tokenCount: 0)
    var lastReport: ContinuousClock.Instant?
  }

  private let total: Int
  private let tokensMax: Int
  private let began = ContinuousClock.now
  private let state = Mutex(State())

  /// Measures a sampling of so many answers of at most so many tokens.
  init(total: Int, tokensMax: Int) {
    self.total = total
    self.tokensMax = tokensMax
  }

  /// Notes a report of the round under way; returns what to tell the caller, if it is time to.
  func note(_ progress: GenerationProgress) -> SamplingProgress? {
    let now = ContinuousClock.now
    return state.withLock { state in
      state.latest = progress
      let isDone = state.doneBefore + progress.finished == total
      if let last = state.lastReport, now - last < .milliseconds(500), !isDone { return nil }
      state.lastReport = now
      let done = state.doneBefore + progress.finished
      let seconds = max((now - began).seconds, 1e-9)
      let tokens = Double(state.tokensBefore + progress.tokenCount)
      return SamplingProgress(
        answersDone: UInt64(max(0, done)),
        answersTotal: UInt64(max(0, total)),
        tokensPerSecond: tokens / seconds,
        // As if every answer became as long as it may: an upper limit that comes down to 0.
        secondsLeft: isDone
          ? 0 : max(0, Double(total * tokensMax) - tokens) * seconds / max(tokens, 1)
      )
    }
  }

  /// Adds the finished round to those before.
  func endRound() {
    state.withLock { state in
      state.doneBefore += state.latest.total
      state.tokensBefore += state.latest.tokenCount
    }
  }
}
