internal import GRDB

extension LabelStore {
  /// What judges' labels in a dataset are like, by principle and judge; members of panels included.
  package func statistics(dataset: String) async throws(LabelingError) -> [LabelStatistics] {
    try await read { db in
      let deferred = try Row.fetchAll(
        db,
        sql: """
          SELECT principle_id, judge_id, COUNT(*) AS n FROM deferral
          JOIN pair ON position = pair_position WHERE dataset = ? AND resolution IS NULL
          GROUP BY 1, 2
          """,
        arguments: [dataset]
      )
      var found = try Row.fetchAll(
        db,
        sql: """
          \(Self.statements)
          SELECT principle_id, judge_id, COUNT(*) AS n, SUM(is_order_consistent) AS consistent,
            SUM(choice = 0) AS ties, AVG(MAX(probability_a, 1 - probability_a)) AS confidence,
            SUM(choice <> 0 AND longer <> 0) AS comparable,
            SUM(choice <> 0 AND longer <> 0 AND choice = longer) AS longer,
            AVG((forward_probability_a + 1 - reversed_probability_a) / 2) AS first_place
          FROM statement GROUP BY 1, 2 ORDER BY 1, 2
          """,
        arguments: [dataset]
      ).map(Self.statistics)
      for row in deferred {
        let (principle, judge): (String, String) = (
          try row.field("principle_id"), try row.field("judge_id")
        )
        let count: Int = try row.field("n")
        if let index = found.firstIndex(where: {
          $0.principleID == principle && $0.judgeID == judge
        }) {
          found[index].deferredCount = count
        } else {
          found.append(
            LabelStatistics(principleID: principle, judgeID: judge, deferredCount: count)
          )
        }
      }
      return found
    }
  }

  /// How far the judges of a dataset agree, by principle; people and members of panels included.
  package func agreements(dataset: String) async throws(LabelingError) -> [JudgeAgreement] {
    try await read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          \(Self.statements)
          SELECT one.principle_id AS principle_id, one.judge_id AS first, two.judge_id AS second,
            one.choice AS first_choice, two.choice AS second_choice, COUNT(*) AS n
          FROM statement AS one JOIN statement AS two
            ON one.pair_position = two.pair_position AND one.principle_id = two.principle_id
            AND one.judge_id < two.judge_id
            AND (one.principle_hash = two.principle_hash OR one.principle_hash = ''
              OR two.principle_hash = '')
          GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3
          """,
        arguments: [dataset]
      )
      var found: [JudgeAgreement] = []
      for row in rows {
        let (principle, first, second): (String, String, String) = (
          try row.field("principle_id"), try row.field("first"), try row.field("second")
        )
        if found.last?.principleID != principle || found.last?.firstJudgeID != first
          || found.last?.secondJudgeID != second
        {
          found.append(
            JudgeAgreement(
              principleID: principle,
              firstJudgeID: first,
              secondJudgeID: second,
              counts: [:]
            )
          )
        }
        let choices = JudgeAgreement.Choices(
          Self.choice(try row.field("first_choice")),
          Self.choice(try row.field("second_choice"))
        )
        found[found.count - 1].counts[choices] = try row.field("n")
      }
      return found
    }
  }

  /// Everything that was said about a dataset's pairs: `choice` is 1 for A, -1 for B and 0 for
  /// neither, and `longer` says in the same way which response has more bytes.
  private static let statements = """
    WITH statement AS (
      SELECT said.*,
        CASE WHEN is_tie OR probability_a = 0.5 THEN 0 WHEN probability_a > 0.5 THEN 1 ELSE -1 END
          AS choice,
        CASE WHEN LENGTH(response_a) > LENGTH(response_b) THEN 1
          WHEN LENGTH(response_a) < LENGTH(response_b) THEN -1 ELSE 0 END AS longer
      FROM (
        SELECT \(labelColumnNames) FROM label UNION ALL SELECT \(labelColumnNames) FROM opinion
      ) AS said JOIN pair ON position = pair_position WHERE dataset = ?
    )
    """

  private static func choice(_ number: Int) -> LabelChoice {
    number == 0 ? .tie : number > 0 ? .a : .b
  }

  private static func statistics(_ row: Row) throws -> LabelStatistics {
    LabelStatistics(
      principleID: try row.field("principle_id"),
      judgeID: try row.field("judge_id"),
      count: try row.field("n"),
      consistentCount: try row.field("consistent"),
      tieCount: try row.field("ties"),
      comparableCount: try row.field("comparable"),
      longerCount: try row.field("longer"),
      meanConfidence: try row.field("confidence"),
      firstPlaceShare: try row.optionalField("first_place")
    )
  }
}
