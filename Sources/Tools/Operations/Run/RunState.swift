internal import JSON
package import RunReports

/// What a journal says about how far a run has come.
package struct RunState: Sendable, Equatable {
  /// The run's steps, in order.
  package enum Step: String, Sendable, CaseIterable {
    case label
    case preferences
    case scalarizer
    case policy
    case evaluate
    case report
  }

  /// Name of the run at the services; nil before it was begun.
  package let runID: String?
  /// Unix time of the beginning, seconds.
  package let startedAt: Double?
  /// What each finished step left behind.
  package let finished: [Step: JournalEvent]
  /// Seconds that commands worked on each step, killed attempts included.
  package let seconds: [Step: Double]
  /// Seconds that commands worked on the run.
  package let totalSeconds: Double
  /// Largest resident memory seen of each service, bytes.
  package let peakMemory: [String: Double]

  /// Reads the state out of events, oldest first.
  ///
  /// A command that was killed leaves a step without an end; the step's time then counts up to the
  /// last event before the next command began.
  package init(events: [JournalEvent]) {
    var finished: [Step: JournalEvent] = [:]
    var seconds: [Step: Double] = [:]
    var total = 0.0
    var peaks: [String: Double] = [:]
    var running: (step: Step, since: Double)?
    var commandSince: Double?
    var last: Double?
    func close(at time: Double?) {
      if let open = running, let time {
        seconds[open.step, default: 0] += max(0, time - open.since)
      }
      running = nil
    }
    for event in events {
      let step = event["step"]?.text.flatMap(Step.init(rawValue:))
      switch event.kind {
      case "run_started", "run_resumed":
        close(at: last)
        if let since = commandSince, let last { total += max(0, last - since) }
        commandSince = event.time
      case "step_started":
        close(at: event.time)
        if let step {
          running = (step, event.time)
          finished[step] = nil
        }
      case "step_finished":
        close(at: event.time)
        if let step { finished[step] = event }
      case "memory":
        for (name, value) in (event["peak_bytes"]?.members ?? []).map({ ($0.name, $0.value) }) {
          peaks[name] = max(peaks[name] ?? 0, value.double ?? 0)
        }
      default: break
      }
      last = event.time
    }
    close(at: last)
    if let since = commandSince, let last { total += max(0, last - since) }
    let begun = events.first { $0.kind == "run_started" }
    runID = begun?["run_id"]?.text
    startedAt = begun?.time
    self.finished = finished
    self.seconds = seconds
    totalSeconds = total
    peakMemory = peaks
  }

  /// The first step that is not finished; steps after it are done again.
  package var next: Step? {
    Step.allCases.first { finished[$0] == nil }
  }
}
