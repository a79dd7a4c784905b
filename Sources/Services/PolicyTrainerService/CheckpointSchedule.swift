/// When a run writes checkpoints, and how many of them stay.
struct CheckpointSchedule: Sendable, Equatable {
  /// Steps between two checkpoints; nil when only the time counts.
  let steps: Int?
  /// Minutes between two checkpoints; nil when only the steps count.
  let minutes: Double?
  /// How many checkpoints stay.
  let keptCount: Int

  /// Takes what was given; with neither steps nor minutes a checkpoint is due every five steps.
  init(steps: Int? = nil, minutes: Double? = nil, keptCount: Int? = nil) {
    self.steps = steps ?? (minutes == nil ? 5 : nil)
    self.minutes = minutes
    self.keptCount = keptCount ?? 2
  }

  /// Whether a checkpoint is due after a step, so long after the last one.
  func isDue(step: Int, elapsed: Duration) -> Bool {
    if let steps, step.isMultiple(of: steps) { return true }
    if let minutes { return elapsed >= .seconds(60 * minutes) }
    return false
  }
}
