internal import Foundation
internal import GRDB

/// What became of a label that was to be stored.
enum StoredFate: Sendable {
  /// It is a label of the dataset.
  case kept
  /// A person has to decide.
  case deferred(reason: String)
  /// A person decided; this is the label.
  case decided(Label)
  /// A person decided that there is no label.
  case discarded
}

extension LabelStore {
  /// Stores labels that are sure enough and queues the others; durable when it returns.
  ///
  /// What a person decided about a pair, principle and wording stands, whatever a judge says later.
  func save(
    _ labelled: [LabelledPair],
    dataset: String,
    deferring rule: DeferralRule?
  ) async throws(LabelingError) -> [StoredFate] {
    try await commit { db in
      try labelled.map { item in
        let position = try Self.store(item.pair, dataset: dataset, db)
        if let fate = try Self.decision(on: item, position: position, db) { return fate }
        guard let reason = rule?.reason(to: item.label) else {
          try Self.withdraw(item, position: position, db)
          _ = try Self.store(item, position: position, db)
          return .kept
        }
        try Self.queue(item, position: position, reason: reason, db)
        return .deferred(reason: reason)
      }
    }
  }

  /// Deferred pairs of a dataset in the order in which they were deferred; all datasets for nil.
  package func deferrals(
    dataset: String? = nil,
    principleIDs: [String] = [],
    includingResolved: Bool = false,
    after id: Int64 = 0,
    limit: Int = 256
  ) async throws(LabelingError) -> [DeferredPair] {
    try await read { db in
      let wanted = principleIDs.isEmpty ? nil : Set(principleIDs)
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT pair.*, deferral.*, deferral.id AS deferral_id
          FROM deferral JOIN pair ON pair.position = deferral.pair_position
          WHERE deferral.id > ? AND (? IS NULL OR dataset = ?) AND (? OR resolution IS NULL)
          ORDER BY deferral.id
          """,
        arguments: [id, dataset, dataset, includingResolved]
      )
      var found: [DeferredPair] = []
      while found.count < limit, let row = try rows.next() {
        let item = try Self.deferredPair(row)
        if wanted?.contains(item.label.principleID) ?? true { found.append(item) }
      }
      return found
    }
  }

  /// How many pairs of a dataset wait for a person; of all datasets for nil.
  package func deferralCount(dataset: String? = nil) async throws(LabelingError) -> Int {
    try await read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT COUNT(*) FROM deferral JOIN pair ON position = pair_position
          WHERE resolution IS NULL AND (? IS NULL OR dataset = ?)
          """,
        arguments: [dataset, dataset]
      ) ?? 0
    }
  }

  /// Notes a person's decision and makes it the pair's label; nil takes an earlier decision back.
  ///
  /// - Returns: whether there is a deferred pair of that id.
  package func resolve(
    _ id: Int64,
    _ resolution: Resolution?,
    annotator: String
  ) async throws(LabelingError) -> Bool {
    try await commit { db in
      guard let item = try Self.deferral(id, db) else { return false }
      let hash: String = try item.row.field("principle_hash")
      let position: Int64 = try item.row.field("pair_position")
      if item.deferred.resolution != nil {
        try db.execute(
          sql: """
            DELETE FROM label WHERE pair_position = ? AND principle_id = ? AND principle_hash = ?
            AND judge_id = ?
            """,
          arguments: [
            position, item.deferred.label.principleID, hash,
            DeferredPair.judgeID(ofAnnotator: item.deferred.annotator),
          ]
        )
      }
      try db.execute(
        sql: "UPDATE deferral SET resolution = ?, annotator = ? WHERE id = ?",
        arguments: [resolution?.rawValue, resolution == nil ? nil : annotator, id]
      )
      if let label = Self.humanLabel(item.deferred.label, resolution, annotator) {
        let labelled = LabelledPair(pair: item.deferred.pair, label: label, principleHash: hash)
        _ = try Self.store(labelled, position: position, db)
      }
      return true
    }
  }

  /// A person's label: as sure as preferences that people state are imported; nil for none.
  private static func humanLabel(
    _ label: Label,
    _ resolution: Resolution?,
    _ annotator: String
  ) -> Label? {
    let probability: Double
    switch resolution {
    case .a: probability = 1
    case .b: probability = 0
    case .tie: probability = 0.5
    case .discard, nil: return nil
    }
    return Label(
      pairID: label.pairID,
      principleID: label.principleID,
      judgeID: DeferredPair.judgeID(ofAnnotator: annotator),
      judgeVersion: "1",
      probabilityA: probability
    )
  }

  /// What a person decided about an item; nil when nobody did.
  private static func decision(
    on item: LabelledPair,
    position: Int64,
    _ db: Database
  ) throws -> StoredFate? {
    let find = try db.cachedStatement(
      sql: """
        SELECT resolution, annotator FROM deferral WHERE pair_position = ? AND principle_id = ?
        AND principle_hash = ? AND resolution IS NOT NULL
        """
    )
    let key: StatementArguments = [position, item.label.principleID, item.principleHash]
    guard let row = try Row.fetchOne(find, arguments: key) else { return nil }
    let resolution: String = try row.field("resolution")
    let annotator: String = try row.field("annotator")
    return humanLabel(item.label, Resolution(rawValue: resolution), annotator)
      .map(StoredFate.decided) ?? .discarded
  }

  /// Puts an item into the queue and takes back a label that the judge gave it under a laxer rule.
  private static func queue(
    _ item: LabelledPair,
    position: Int64,
    reason: String,
    _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO deferral (\(labelColumnNames), reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (pair_position, principle_id, principle_hash) DO UPDATE SET
          judge_id = excluded.judge_id, judge_version = excluded.judge_version,
          probability_a = excluded.probability_a, reason = excluded.reason
        """
    ).execute(arguments: labelColumns(item, position: position) + [reason])
    try db.cachedStatement(
      sql: """
        DELETE FROM label WHERE pair_position = ? AND principle_id = ? AND principle_hash = ?
        AND judge_id = ?
        """
    ).execute(arguments: [
      position, item.label.principleID, item.principleHash, item.label.judgeID,
    ])
  }

  /// Takes an item out of the queue when a laxer rule makes it a label.
  private static func withdraw(
    _ item: LabelledPair,
    position: Int64,
    _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        DELETE FROM deferral WHERE pair_position = ? AND principle_id = ? AND principle_hash = ?
        AND resolution IS NULL
        """
    ).execute(arguments: [position, item.label.principleID, item.principleHash])
  }

  private static func deferral(
    _ id: Int64,
    _ db: Database
  ) throws -> (deferred: DeferredPair, row: Row)? {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT pair.*, deferral.*, deferral.id AS deferral_id
        FROM deferral JOIN pair ON pair.position = deferral.pair_position WHERE deferral.id = ?
        """,
      arguments: [id]
    )
    return try row.map { (try deferredPair($0), $0) }
  }

  private static func deferredPair(_ row: Row) throws -> DeferredPair {
    let resolution: String? = try row.optionalField("resolution")
    let principleID: String = try row.field("principle_id")
    // Both tables have an id: the plain name finds the first, which is the pair's.
    return DeferredPair(
      id: try row.field("deferral_id"),
      dataset: try row.field("dataset"),
      pair: try pair(row),
      label: try label(row, principleID: principleID),
      reason: try row.field("reason"),
      resolution: resolution.flatMap(Resolution.init),
      annotator: try row.optionalField("annotator") ?? ""
    )
  }
}
