internal import Foundation
internal import GRDB

extension LabelStore {
  /// Stores labels and their pairs in a dataset; durable when it returns.
  ///
  /// A label for the same pair, principle wording and judge replaces the earlier one.
  ///
  /// - Returns: how many of the labels were new.
  /// - Throws: `LabelingError.invalidPair` when the dataset already has another pair of that id;
  ///   then nothing of the call is stored.
  @discardableResult
  package func save(
    _ labelled: [LabelledPair],
    dataset: String
  ) async throws(LabelingError) -> Int {
    if labelled.isEmpty { return 0 }
    return try await commit { db in
      var newCount = 0
      for item in labelled {
        let position = try Self.store(item.pair, dataset: dataset, db)
        newCount += try Self.store(item, position: position, db) ? 1 : 0
      }
      return newCount
    }
  }

  /// Stores what the members of a panel said, beside the panel's labels; durable when it returns.
  func save(opinions: [LabelledPair], dataset: String) async throws(LabelingError) {
    if opinions.isEmpty { return }
    try await commit { db in
      for item in opinions {
        let position = try Self.store(item.pair, dataset: dataset, db)
        try Self.store(item, position: position, in: "opinion", db)
      }
    }
  }

  /// One page of a dataset's pairs with their labels, in the order in which pairs were first stored.
  ///
  /// `principleHashes` names the principles wanted and the hash of their present wording: labels for
  /// another wording are left out, imported ones are not; nil means every label. With `judgeID` only
  /// labels of that judge come. A page goes on after the ``StoredPair/position`` of the last pair of
  /// the page before and has at most `limit` pairs; an empty page is the end. Pairs without such
  /// labels are left out.
  package func pairs(
    dataset: String,
    principleHashes: [String: String]? = nil,
    judgeID: String? = nil,
    after position: Int64 = 0,
    limit: Int = 256
  ) async throws(LabelingError) -> [StoredPair] {
    try await read { db in
      var result: [StoredPair] = []
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT pair.*, label.* FROM pair JOIN label ON label.pair_position = pair.position
          WHERE dataset = ? AND position > ? AND (? IS NULL OR judge_id = ?)
          ORDER BY position, principle_id, judge_id
          """,
        arguments: [dataset, position, judgeID, judgeID]
      )
      while let row = try rows.next() {
        let principleID: String = try row.field("principle_id")
        let hash: String = try row.field("principle_hash")
        if let principleHashes {
          guard let wanted = principleHashes[principleID], hash.isEmpty || hash == wanted else {
            continue
          }
        }
        let at: Int64 = try row.field("position")
        if result.last?.position != at {
          if result.count == limit { break }
          result.append(StoredPair(position: at, pair: try Self.pair(row), labels: []))
        }
        let label = try Self.label(row, principleID: principleID)
        result[result.count - 1].labels.append(label)
      }
      return result
    }
  }

  /// Every dataset with its counts, by name.
  package func datasets() async throws(LabelingError) -> [DatasetSummary] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT dataset, COUNT(DISTINCT position) AS pairs, COUNT(principle_id) AS labels
          FROM pair LEFT JOIN label ON pair_position = position GROUP BY dataset ORDER BY dataset
          """
      ).map { row in
        DatasetSummary(
          name: try row.field("dataset"),
          pairCount: try row.field("pairs"),
          labelCount: try row.field("labels")
        )
      }
    }
  }

  static func store(
    _ pair: PreferencePair,
    dataset: String,
    _ db: Database
  ) throws -> Int64 {
    let find = try db.cachedStatement(sql: "SELECT * FROM pair WHERE dataset = ? AND id = ?")
    if let row = try Row.fetchOne(find, arguments: [dataset, pair.id]) {
      var known = try Self.pair(row)
      known.source = pair.source
      guard known == pair else {
        throw LabelingError.invalidPair(
          id: pair.id,
          reason: "dataset \(dataset) already has a pair of this id with other texts; rename it"
        )
      }
      return try row.field("position")
    }
    try db.cachedStatement(
      sql: """
        INSERT INTO pair (dataset, id, prompt, response_a, response_b, source)
        VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      dataset, pair.id, Data(pair.prompt.utf8), Data(pair.responseA.utf8),
      Data(pair.responseB.utf8), pair.source,
    ])
    return db.lastInsertedRowID
  }

  /// Stores a label and tells whether it is new.
  static func store(
    _ item: LabelledPair,
    position: Int64,
    _ db: Database
  ) throws -> Bool {
    let known = try db.cachedStatement(
      sql: """
        SELECT 1 FROM label WHERE pair_position = ? AND principle_id = ? AND principle_hash = ?
        AND judge_id = ?
        """
    )
    let isKnown =
      try Row.fetchOne(
        known,
        arguments: [position, item.label.principleID, item.principleHash, item.label.judgeID]
      ) != nil
    try store(item, position: position, in: "label", db)
    return !isKnown
  }

  /// Stores a label in the table of labels or in that of opinions.
  static func store(
    _ item: LabelledPair,
    position: Int64,
    in table: String,
    _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO \(table) (\(labelColumnNames))
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: labelColumns(item, position: position))
  }

  /// The columns that a label has in every table, in the order of ``labelColumns(_:position:)``.
  static let labelColumnNames = """
    pair_position, principle_id, principle_hash, judge_id, judge_version, probability_a,
    log_probability_a, log_probability_b, is_order_consistent, is_tie, score_a, score_b,
    raw_forward, raw_reversed, forward_probability_a, reversed_probability_a
    """

  /// The values of those columns.
  static func labelColumns(_ item: LabelledPair, position: Int64) -> StatementArguments {
    let label = item.label
    let raw = label.rawChoices + ["", ""]
    return [
      position, label.principleID, item.principleHash, label.judgeID, label.judgeVersion,
      label.probabilityA, label.logProbabilityA, label.logProbabilityB, label.isOrderConsistent,
      label.isTie, label.scoreA, label.scoreB, raw[0], raw[1], label.forwardProbabilityA,
      label.reversedProbabilityA,
    ]
  }

  static func pair(_ row: Row) throws -> PreferencePair {
    PreferencePair(
      id: try row.field("id"),
      prompt: try row.textField("prompt"),
      responseA: try row.textField("response_a"),
      responseB: try row.textField("response_b"),
      source: try row.field("source")
    )
  }

  static func label(_ row: Row, principleID: String) throws -> Label {
    var label = Label(
      pairID: try row.field("id"),
      principleID: principleID,
      judgeID: try row.field("judge_id"),
      judgeVersion: try row.field("judge_version"),
      probabilityA: try row.field("probability_a"),
      isOrderConsistent: try row.field("is_order_consistent")
    )
    label.probabilityA = try row.field("probability_a")
    label.logProbabilityA = try row.field("log_probability_a")
    label.logProbabilityB = try row.field("log_probability_b")
    label.isTie = try row.field("is_tie")
    label.scoreA = try row.optionalField("score_a")
    label.scoreB = try row.optionalField("score_b")
    label.forwardProbabilityA = try row.optionalField("forward_probability_a")
    label.reversedProbabilityA = try row.optionalField("reversed_probability_a")
    label.rawChoices = [
      try row.field("raw_forward"), try row.field("raw_reversed"),
    ]
    return label
  }
}
