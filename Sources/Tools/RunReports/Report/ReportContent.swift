/// Everything the report page is made from.
package struct ReportContent: Sendable {
  /// The figures.
  package var summary: RunSummary
  /// Training steps in order.
  package var steps: [StepMetrics]
  /// Held-out answers of both sides.
  package var samples: [SampleComparison]
  /// The journal.
  package var events: [JournalEvent]
  /// The resolved recipe as text.
  package var recipe: String
  /// The recipe's name.
  package var title: String
  /// Unix time, seconds.
  package var startedAt: Double

  /// Puts the parts together.
  package init(
    title: String,
    startedAt: Double,
    summary: RunSummary,
    steps: [StepMetrics],
    samples: [SampleComparison],
    events: [JournalEvent],
    recipe: String
  ) {
    self.title = title
    self.startedAt = startedAt
    self.summary = summary
    self.steps = steps
    self.samples = samples
    self.events = events
    self.recipe = recipe
  }
}
