internal import Foundation
internal import GRDB

/// A verdict with the key under which it is remembered.
package struct KeyedVerdict: Sendable {
  var key: VerdictKey
  var judgeID: String
  var judgeVersion: String
  var principleID: String
  var verdict: Verdict

  /// Creates the record of a judge's answer to a question.
  package init(_ question: JudgeQuestion, judge: any Judge, verdict: Verdict) {
    key = VerdictKey(question, judge: judge)
    judgeID = judge.id
    judgeVersion = judge.version
    principleID = question.principleID
    self.verdict = verdict
  }
}

extension LabelStore {
  /// Remembers verdicts, durably when it returns.
  ///
  /// A key that is known keeps its first verdict.
  package func save(_ verdicts: [KeyedVerdict]) async throws(LabelingError) {
    if verdicts.isEmpty { return }
    try await commit { db in
      let statement = try db.cachedStatement(
        sql: "INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      )
      for record in verdicts {
        let verdict = record.verdict
        try statement.execute(arguments: [
          Data(record.key.digest), record.judgeID, record.judgeVersion, record.principleID,
          verdict.logProbabilityFirst, verdict.logProbabilitySecond, verdict.isTie,
          verdict.measureFirst, verdict.measureSecond, verdict.rawChoice,
        ])
      }
    }
  }

  /// The verdicts among some keys that are remembered.
  package func verdicts(
    for keys: [VerdictKey]
  ) async throws(LabelingError) -> [VerdictKey: Verdict] {
    try await read { db in
      let statement = try db.cachedStatement(sql: "SELECT * FROM verdict WHERE key = ?")
      var found: [VerdictKey: Verdict] = [:]
      for key in keys {
        guard let row = try Row.fetchOne(statement, arguments: [Data(key.digest)]) else { continue }
        found[key] = Verdict(
          logProbabilityFirst: try row.field("log_probability_first"),
          logProbabilitySecond: try row.field("log_probability_second"),
          isTie: try row.field("is_tie"),
          measureFirst: try row.optionalField("measure_first"),
          measureSecond: try row.optionalField("measure_second"),
          rawChoice: try row.field("raw_choice")
        )
      }
      return found
    }
  }

  /// How many verdicts are remembered.
  package func verdictCount() async throws(LabelingError) -> Int {
    try await read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM verdict") ?? 0 }
  }
}
