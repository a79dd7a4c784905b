internal import Foundation
internal import GRDB

/// What requests of one run, judge and principle came to.
package struct SpendingEntry: Sendable, Equatable {
  /// The run.
  package var runID: String
  /// The judge.
  package var judgeID: String
  /// The principle.
  package var principleID: String
  /// Requests sent, whatever became of them.
  package var requestCount: Int
  /// Those among them that were answered.
  package var answeredCount: Int
  /// Those among them whose answer was lost, so that they may have cost something.
  package var uncertainCount: Int
  /// Tokens of the answered ones.
  package var usage: TokenUsage
  /// What all of them cost, the uncertain ones at their worst.
  package var cost: Money
  /// The part of the cost that is uncertain.
  package var uncertainCost: Money
}

/// What earlier requests to a judge were like, for estimates.
package struct RequestHistory: Sendable, Equatable {
  /// Answered requests.
  package var count = 0
  /// UTF-8 bytes of a prompt for each of its tokens.
  package var bytesPerToken = TokenBound.bytesPerToken
  /// Tokens of an answer.
  package var completionCount = 0.0
  /// Seconds from request to answer.
  package var seconds = 0.0
}

extension LabelStore {
  /// Records that a request is about to be sent; durable when it returns.
  func open(_ charge: Charge) async throws(LabelingError) -> Int64 {
    try await commit { db in
      try db.cachedStatement(
        sql: """
          INSERT INTO request (key, run_id, judge_id, principle_id, state, cost, prompt_bytes)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(arguments: [
        Data(charge.key.digest), charge.runID, charge.judgeID, charge.principleID,
        RequestState.open.rawValue, charge.worstCost.picodollars, charge.bound.promptByteCount,
      ])
      return db.lastInsertedRowID
    }
  }

  /// Records what became of a request, together with its answer; durable when it returns.
  func settle(
    _ id: Int64,
    key: RequestKey,
    _ settlement: Settlement
  ) async throws(LabelingError) {
    try await commit { db in
      switch settlement {
      case .answered(let usage, let cost, let seconds, let completion):
        let usage = usage ?? TokenUsage()
        try db.cachedStatement(
          sql: """
            UPDATE request SET state = ?, cost = ?, prompt_tokens = ?, cached_tokens = ?,
            completion_tokens = ?, seconds = ? WHERE id = ?
            """
        ).execute(arguments: [
          RequestState.answered.rawValue, cost.picodollars, usage.promptCount,
          usage.cachedPromptCount, usage.completionCount, seconds, id,
        ])
        guard let completion else { return }
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO answer VALUES (?, ?)").execute(
          arguments: [Data(key.digest), try JSONEncoder().encode(completion.condensed)]
        )
      case .refused:
        try db.cachedStatement(sql: "UPDATE request SET state = ?, cost = 0 WHERE id = ?")
          .execute(arguments: [RequestState.refused.rawValue, id])
      case .uncertain:
        try db.cachedStatement(sql: "UPDATE request SET state = ? WHERE id = ?")
          .execute(arguments: [RequestState.uncertain.rawValue, id])
      }
    }
  }

  /// The remembered answer to a request.
  func answer(to key: RequestKey) async throws(LabelingError) -> ChatCompletion? {
    try await read { db in
      let find = try db.cachedStatement(sql: "SELECT completion FROM answer WHERE key = ?")
      guard let row = try Row.fetchOne(find, arguments: [Data(key.digest)]) else { return nil }
      let stored: Data = try row.field("completion")
      return try JSONDecoder().decode(ChatCompletion.self, from: stored)
    }
  }

  /// Which of some requests have a remembered answer.
  func answered(among keys: [RequestKey]) async throws(LabelingError) -> Set<RequestKey> {
    try await read { db in
      let find = try db.cachedStatement(sql: "SELECT 1 FROM answer WHERE key = ?")
      return Set(
        try keys.filter { try Row.fetchOne(find, arguments: [Data($0.digest)]) != nil }
      )
    }
  }

  /// Whether a request was sent whose answer was lost.
  func hasLostAnswer(to key: RequestKey) async throws(LabelingError) -> Bool {
    try await read { db in
      try Row.fetchOne(
        db,
        sql: "SELECT 1 FROM request WHERE key = ? AND state = ?",
        arguments: [Data(key.digest), RequestState.uncertain.rawValue]
      ) != nil
    }
  }

  /// Marks what a process that died had under way, whose answers nobody has.
  ///
  /// - Returns: how many requests that were.
  func abandonOpenRequests() throws(LabelingError) -> Int {
    do {
      return try database.write { db in
        try db.execute(
          sql: "UPDATE request SET state = ? WHERE state = ?",
          arguments: [RequestState.uncertain.rawValue, RequestState.open.rawValue]
        )
        return db.changesCount
      }
    } catch {
      throw Self.readable(error, path: path)
    }
  }

  /// Everything spent so far, by run, judge and principle.
  package func spending() async throws(LabelingError) -> [SpendingEntry] {
    try await read(Self.spending)
  }

  /// Everything spent so far, at once.
  func spendingNow() throws(LabelingError) -> [SpendingEntry] {
    do { return try database.read(Self.spending) } catch {
      throw Self.readable(error, path: path)
    }
  }

  private static func spending(_ db: Database) throws -> [SpendingEntry] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT run_id, judge_id, principle_id, COUNT(*) AS requests,
          SUM(state = :answered) AS answered, SUM(state = :uncertain) AS uncertain,
          SUM(prompt_tokens) AS prompt_tokens, SUM(cached_tokens) AS cached_tokens,
          SUM(completion_tokens) AS completion_tokens, SUM(cost) AS cost,
          SUM(CASE WHEN state = :uncertain THEN cost ELSE 0 END) AS uncertain_cost
        FROM request GROUP BY run_id, judge_id, principle_id ORDER BY 1, 2, 3
        """,
      arguments: [
        "answered": RequestState.answered.rawValue, "uncertain": RequestState.uncertain.rawValue,
      ]
    ).map { row in
      SpendingEntry(
        runID: try row.field("run_id"),
        judgeID: try row.field("judge_id"),
        principleID: try row.field("principle_id"),
        requestCount: try row.field("requests"),
        answeredCount: try row.field("answered"),
        uncertainCount: try row.field("uncertain"),
        usage: TokenUsage(
          promptCount: try row.field("prompt_tokens"),
          cachedPromptCount: try row.field("cached_tokens"),
          completionCount: try row.field("completion_tokens")
        ),
        cost: Money(picodollars: try row.field("cost")),
        uncertainCost: Money(picodollars: try row.field("uncertain_cost"))
      )
    }
  }

  /// What a judge's answered requests were like.
  package func history(judgeID: String) async throws(LabelingError) -> RequestHistory {
    try await read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT COUNT(*) AS n, TOTAL(prompt_bytes) AS bytes, TOTAL(prompt_tokens) AS tokens,
            TOTAL(completion_tokens) AS completions, TOTAL(seconds) AS seconds
          FROM request WHERE judge_id = ? AND state = ? AND prompt_tokens > 0
          """,
        arguments: [judgeID, RequestState.answered.rawValue]
      )
      guard let row, case let count:Int = try row.field("n"), count > 0 else {
        return RequestHistory()
      }
      let (bytes, tokens): (Double, Double) = (try row.field("bytes"), try row.field("tokens"))
      let completions: Double = try row.field("completions")
      let seconds: Double = try row.field("seconds")
      return RequestHistory(
        count: count,
        bytesPerToken: max(1, bytes / max(1, tokens)),
        completionCount: completions / Double(count),
        seconds: seconds / Double(count)
      )
    }
  }
}
