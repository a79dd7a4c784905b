package import Messages
package import RPC

/// A score matrix that was checked: unique names, the right number of values, all of them finite.
package struct ScoreTable: Sendable, Equatable {
  /// K names, the columns.
  package let principleIDs: [String]
  /// B names, the rows.
  package let itemIDs: [String]
  /// B x K values, row-major.
  package let values: [Double]

  /// Limits of what is accepted.
  package struct Limits: Sendable {
    /// Most rows.
    package var itemsMax: Int
    /// Most columns.
    package var principlesMax: Int

    /// Makes limits.
    package init(itemsMax: Int = 65_536, principlesMax: Int = 1024) {
      self.itemsMax = itemsMax
      self.principlesMax = principlesMax
    }
  }

  /// Checks a message; errors name the field, the item and the principle.
  package init(
    _ message: Messages.ScoreMatrix?,
    field: String,
    limits: Limits = Limits()
  ) throws(RPCError) {
    guard let message else { throw MessageChecks.refusal("\(field) is missing") }
    let (principles, items) = (message.principleIDs, message.itemIDs)
    try MessageChecks.identifiers(
      principles,
      "\(field).principle_ids",
      countMax: limits.principlesMax
    )
    try MessageChecks.identifiers(items, "\(field).item_ids", countMax: limits.itemsMax)
    guard message.values.count == principles.count * items.count else {
      throw MessageChecks.refusal(
        "\(field).values has \(message.values.count) entries, not "
          + "\(items.count) items x \(principles.count) principles"
      )
    }
    var values: [Double] = []
    values.reserveCapacity(message.values.count)
    for (index, value) in message.values.enumerated() {
      guard value.isFinite else {
        throw MessageChecks.refusal(
          "\(field): the score of item '\(items[index / principles.count])' on principle "
            + "'\(principles[index % principles.count])' is \(value), not a finite number"
        )
      }
      values.append(Double(value))
    }
    principleIDs = principles
    itemIDs = items
    self.values = values
  }
}
