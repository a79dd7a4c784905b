package import Messages
internal import RunReports

/// How far judges can be trusted, as lines for a terminal.
package enum StatisticsText {
  /// A table of judges by principle and one of agreements.
  package static func lines(_ reply: StatisticsReply) -> [String] {
    let judges = TextTable(
      header: [
        "principle", "judge", "labels", "deferred", "consistent", "ties", "longer", "first", "sure",
      ],
      rows: reply.statistics.map { row in
        [row.principleID, row.judgeID, "\(row.labels)", "\(row.deferred)"]
          + [
            share(row.consistent, row.labels), share(row.ties, row.labels),
            share(row.longerPreferred, row.comparable),
            row.firstPlaceShare > 0 ? Figure.percent(row.firstPlaceShare) : "",
            row.labels > 0 ? Figure.percent(row.meanConfidence) : "",
          ]
      },
      rightAligned: Set(2...8)
    )
    guard !reply.agreements.isEmpty else { return judges.lines }
    let agreements = TextTable(
      header: ["principle", "judge", "and judge", "pairs", "agree", "kappa"],
      rows: reply.agreements.map { row in
        [
          row.principleID, row.firstJudgeID, row.secondJudgeID, "\(row.pairs)",
          Figure.percent(row.agreement), row.kappa.isNaN ? "" : Figure.fixed(row.kappa, 2),
        ]
      },
      rightAligned: Set(3...5)
    )
    return judges.lines + [""] + agreements.lines
  }

  private static func share(_ part: UInt64, _ whole: UInt64) -> String {
    whole > 0 ? Figure.percent(Double(part) / Double(whole)) : ""
  }
}
