import JSON
import Operations
import RunReports
import Testing

@Suite struct RunStateTests {
  private func event(
    _ time: Double,
    _ kind: String,
    _ step: String? = nil,
    _ more: [JSONMember] = []
  ) -> JournalEvent {
    JournalEvent(
      time: time,
      kind: kind,
      fields: (step.map { [JSONMember("step", .string($0))] } ?? []) + more
    )
  }

  private let begun = JournalEvent(
    time: 100,
    kind: "run_started",
    fields: [.init("run_id", "r-1")]
  )

  @Test func `a run that has not begun starts with labelling`() {
    let state = RunState(events: [])
    #expect(state.next == .label)
    #expect(state.runID == nil)
  }

  @Test func `finished steps are skipped and the broken one is done again`() {
    let state = RunState(events: [
      begun, event(101, "step_started", "label"),
      event(130, "step_finished", "label", [.init("pairs", 12)]),
      event(130, "step_started", "preferences"),
      event(150, "step_failed", "preferences"),
    ])
    #expect(state.runID == "r-1")
    #expect(state.finished[.label]?["pairs"]?.whole == 12)
    #expect(state.next == .preferences)
  }

  @Test func `time of killed attempts counts and time between commands does not`() {
    let state = RunState(events: [
      begun, event(100, "step_started", "label"), event(110, "waiting"),
      // Killed here; the command was given again an hour later.
      event(3700, "run_resumed"), event(3700, "step_started", "label"),
      event(3725, "step_finished", "label"), event(3725, "step_started", "preferences"),
      event(3730, "step_finished", "preferences"),
    ])
    #expect(state.seconds[.label] == 35)
    #expect(state.seconds[.preferences] == 5)
    #expect(state.totalSeconds == 40)
    #expect(state.next == .scalarizer)
  }

  @Test func `the largest memory of each service is kept over restarts`() {
    let state = RunState(events: [
      begun, event(1, "memory", nil, [.init("peak_bytes", ["scalarizer": 50, "labeler": 10])]),
      event(2, "memory", nil, [.init("peak_bytes", ["scalarizer": 20, "labeler": 15])]),
    ])
    #expect(state.peakMemory == ["scalarizer": 50, "labeler": 15])
  }

  @Test func `a finished run has nothing left to do`() {
    let steps = RunState.Step.allCases.flatMap { step in
      [event(1, "step_started", step.rawValue), event(2, "step_finished", step.rawValue)]
    }
    #expect(RunState(events: [begun] + steps).next == nil)
  }
}
