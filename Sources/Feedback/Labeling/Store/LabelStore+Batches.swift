internal import Foundation
internal import GRDB

/// How far a batch has come; the names are in stores.
package enum BatchState: String, Sendable, CaseIterable {
  /// Written down; nothing was sent.
  case prepared
  /// About to be sent: whether the endpoint has it is found out by asking.
  case sending
  /// The endpoint works on it.
  case submitted
  /// Its answers were taken over.
  case collected
  /// The endpoint refused all of it.
  case failed
}

/// A batch of requests and what became of them.
package struct BatchSummary: Sendable, Equatable {
  /// Our number for it.
  package var id: Int64
  /// Marks it among the endpoint's batches.
  package var token: String
  /// The judge that it asks.
  package var judgeID: String
  /// The run it is charged to.
  package var runID: String
  /// How far it has come.
  package var state: BatchState
  /// 1 for the first; requests that failed for a passing reason go into a batch of the next attempt.
  package var attempt: Int
  /// The endpoint's name for it, once it has one.
  package var remoteID: String?
  /// Why requests failed, if some did.
  package var note: String
  /// Requests in it.
  package var requestCount: Int
  /// Those that were answered.
  package var answeredCount: Int

  /// Whether nothing will change any more.
  package var isFinished: Bool { state == .collected || state == .failed }
}

/// One request of a stored batch.
struct BatchItem: Sendable {
  /// Its row in the books.
  var requestID: Int64
  var key: RequestKey
  /// The body of the request.
  var body: String
  var principleID: String
  /// The worst case that it was charged.
  var booked: Money
  var promptByteCount: Int
}

extension LabelStore {
  /// Writes a batch down; durable when it returns.
  func prepareBatch(
    judgeID: String,
    runID: String,
    attempt: Int,
    _ requests: [(charge: Charge, body: String)]
  ) async throws(LabelingError) -> Int64 {
    let items = requests.map { ($0.charge, $0.body) }
    return try await commit { db in
      try db.execute(
        sql: "INSERT INTO batch (token, judge_id, run_id, state, attempt) VALUES (?, ?, ?, ?, ?)",
        arguments: [
          UUID().uuidString, judgeID, runID, BatchState.prepared.rawValue, attempt,
        ]
      )
      let batchID = db.lastInsertedRowID
      for (charge, body) in items {
        try db.cachedStatement(
          sql: """
            INSERT INTO request (key, run_id, judge_id, principle_id, state, cost, prompt_bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        ).execute(arguments: [
          Data(charge.key.digest), charge.runID, charge.judgeID, charge.principleID,
          RequestState.batched.rawValue, charge.worstCost.picodollars, charge.bound.promptByteCount,
        ])
        try db.cachedStatement(sql: "INSERT INTO batch_request VALUES (?, ?, ?)").execute(
          arguments: [db.lastInsertedRowID, batchID, Data(body.utf8)]
        )
      }
      return batchID
    }
  }

  /// Notes how far a batch has come; durable when it returns.
  func update(
    batch id: Int64,
    _ state: BatchState,
    remoteID: String? = nil,
    note: String = ""
  ) async throws(LabelingError) {
    try await commit { db in
      try db.execute(
        sql: """
          UPDATE batch SET state = ?, remote_id = COALESCE(?, remote_id),
          note = CASE WHEN ? = '' THEN note ELSE ? END WHERE id = ?
          """,
        arguments: [state.rawValue, remoteID, note, note, id]
      )
    }
  }

  /// Batches in the order in which they were made.
  package func batches(
    judgeID: String? = nil,
    runID: String? = nil
  ) async throws(LabelingError) -> [BatchSummary] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT batch.*, COUNT(*) AS requests, SUM(request.state = ?) AS answered
          FROM batch JOIN batch_request ON batch_id = batch.id JOIN request ON request_id = request.id
          WHERE (? IS NULL OR batch.judge_id = ?) AND (? IS NULL OR batch.run_id = ?)
          GROUP BY batch.id ORDER BY batch.id
          """,
        arguments: [RequestState.answered.rawValue, judgeID, judgeID, runID, runID]
      ).map(Self.summary)
    }
  }

  /// The requests of a batch that have no end yet.
  func openItems(batch id: Int64) async throws(LabelingError) -> [BatchItem] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT request.*, body FROM batch_request JOIN request ON request_id = request.id
          WHERE batch_id = ? AND state = ? ORDER BY request_id
          """,
        arguments: [id, RequestState.batched.rawValue]
      ).map { row in
        let digest: Data = try row.field("key")
        return BatchItem(
          requestID: try row.field("id"),
          key: RequestKey(digest: Array(digest)),
          body: try row.textField("body"),
          principleID: try row.field("principle_id"),
          booked: Money(picodollars: try row.field("cost")),
          promptByteCount: try row.field("prompt_bytes")
        )
      }
    }
  }

  /// The unfinished batch that asks a request; nil for none.
  func openBatch(asking key: RequestKey) async throws(LabelingError) -> Int64? {
    try await read { db in
      try Int64.fetchOne(
        db,
        sql: """
          SELECT batch_id FROM request JOIN batch_request ON request_id = request.id
          WHERE key = ? AND state = ?
          """,
        arguments: [Data(key.digest), RequestState.batched.rawValue]
      )
    }
  }

  private static func summary(_ row: Row) throws -> BatchSummary {
    let name: String = try row.field("state")
    guard let state = BatchState(rawValue: name) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "batch state \(name) is unknown")
    }
    return BatchSummary(
      id: try row.field("id"),
      token: try row.field("token"),
      judgeID: try row.field("judge_id"),
      runID: try row.field("run_id"),
      state: state,
      attempt: try row.field("attempt"),
      remoteID: try row.optionalField("remote_id"),
      note: try row.field("note"),
      requestCount: try row.field("requests"),
      answeredCount: try row.field("answered")
    )
  }
}
