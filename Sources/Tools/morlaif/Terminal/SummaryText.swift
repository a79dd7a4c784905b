internal import Operations
internal import RunReports

/// A run's summary as a table for the terminal.
struct SummaryText {
  let lines: [String]

  init(_ summary: RunSummary) {
    func rate(_ rate: WinRate) -> String {
      "\(Figure.percent(rate.rate)) (\(Figure.percent(rate.low)) to \(Figure.percent(rate.high)))"
    }
    let rows = summary.principles.map { principle in
      [
        principle.id, Figure.fixed(principle.weight, 2),
        Figure.percent(principle.agreement.accuracy),
        Figure.percent(principle.agreement.clearAccuracy), Figure.fixed(principle.mean.base, 3),
        Figure.fixed(principle.mean.tuned, 3), rate(principle.winRate),
      ]
    }
    let overall = ["all principles", "", "", "", "", "", rate(summary.overall)]
    let table = TextTable(
      header: ["principle", "weight", "PM acc.", "clear half", "base", "tuned", "win rate (95 %)"],
      rows: rows + [overall],
      rightAligned: [1, 2, 3, 4, 5]
    )
    func change(_ pair: RunSummary.BeforeAfter, _ digits: Int) -> String {
      "\(Figure.fixed(pair.base, digits)) → \(Figure.fixed(pair.tuned, digits))"
    }
    let memory = summary.peakRSS.map { "\($0.service) \(Figure.fixed($0.mebibytes, 0))" }
    lines =
      table.lines + [
        "",
        "KL from base     \(Figure.fixed(summary.kl, 2)) nats an answer at temperature "
          + Figure.fixed(summary.klTemperature, 1),
        "mean length      \(change(summary.meanLength, 1)) tokens",
        "NLL under base   \(change(summary.baseNLL, 3)) nats a token",
        "distinct bigrams \(change(summary.distinct2, 3))",
        "time             "
          + summary.seconds.map { "\($0.step) \(Figure.duration(seconds: $0.seconds))" }
          .joined(separator: ", "),
        "peak memory, MiB " + memory.joined(separator: ", "),
      ]
  }
}
