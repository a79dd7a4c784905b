internal import Glibc
internal import Operations
internal import RunReports
internal import ServiceKit
internal import Synchronization

/// Shows how far a long command is: one line that changes on a terminal, plain lines now and then
/// elsewhere.
final class TerminalProgress: RunProgress {
  private struct State {
    var lastShown = ContinuousClock.now - .seconds(3600)
    var lastWork = ""
    var isLineOpen = false
    /// Whether the end of this work was shown: it comes once, however often it is told.
    var isEndShown = false
    /// When the work now shown was first seen, and how much was done then: what the rate is taken
    /// from.
    var since = ContinuousClock.now
    var doneThen = 0.0
  }

  private let isTerminal: Bool
  private let isQuiet: Bool
  private let state = Mutex(State())

  private static let terminalInterval = Duration.milliseconds(100)
  private static let plainInterval = Duration.seconds(15)

  init(isQuiet: Bool = false) {
    isTerminal = isatty(2) == 1
    self.isQuiet = isQuiet
  }

  func note(_ text: String) {
    guard !isQuiet else { return }
    state.withLock { state in
      clear(&state)
      Output.note(text)
    }
  }

  func update(_ progress: ProgressUpdate) {
    guard !isQuiet else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      let isNew = progress.work != state.lastWork
      if isNew {
        state.since = now
        state.doneThen = progress.done
        state.isEndShown = false
      }
      let isEnd = progress.total > 0 && progress.done >= progress.total
      let interval = isTerminal ? Self.terminalInterval : Self.plainInterval
      guard isNew || (isEnd && !state.isEndShown) || now - state.lastShown >= interval else {
        return
      }
      state.lastShown = now
      state.isEndShown = isEnd
      state.lastWork = progress.work
      let text = line(progress, since: state.since, doneThen: state.doneThen, now: now)
      if isTerminal {
        StandardStreams.note("\r\u{1b}[2K\(text.prefix(Self.columns - 1))")
        state.isLineOpen = true
      } else {
        Output.note(text)
      }
    }
  }

  /// Leaves the terminal on a fresh line.
  func end() {
    state.withLock { clear(&$0) }
  }

  private func clear(_ state: inout State) {
    guard state.isLineOpen else { return }
    StandardStreams.note("\r\u{1b}[2K")
    state.isLineOpen = false
  }

  private func line(
    _ progress: ProgressUpdate,
    since: ContinuousClock.Instant,
    doneThen: Double,
    now: ContinuousClock.Instant
  ) -> String {
    var parts = ["  \(progress.work)"]
    if progress.total > 0 {
      parts.append(
        "\(Figure.fixed(progress.done, 0))/\(Figure.fixed(progress.total, 0))"
          + " (\(Figure.percent(progress.done / progress.total)))"
      )
    } else if progress.done > 0 {
      parts.append(Figure.fixed(progress.done, 0))
    }
    let elapsed = now - since
    let seconds =
      Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    let rate = seconds > 1 ? (progress.done - doneThen) / seconds : 0
    if rate > 0 {
      parts.append(rate >= 1 ? "\(Figure.fixed(rate, 1))/s" : "\(Figure.fixed(1 / rate, 1)) s each")
    }
    if !progress.detail.isEmpty { parts.append(progress.detail) }
    let estimate = rate > 0 ? (progress.total - progress.done) / rate : nil
    if let left = progress.secondsLeft ?? estimate, left > 0, progress.total > progress.done {
      parts.append("\(Figure.duration(seconds: left)) left")
    }
    return parts.joined(separator: "  ")
  }

  /// Width of the terminal.
  static var columns: Int {
    var size = winsize()
    let isKnown = unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0
    return isKnown && size.ws_col > 20 ? Int(size.ws_col) : 100
  }
}
