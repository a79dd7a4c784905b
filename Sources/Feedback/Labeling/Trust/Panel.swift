internal import Foundation
internal import Hashing

/// One judge, or several that are all asked and whose labels become one.
package struct Panel: Sendable {
  /// How several labels become one.
  package enum Rule: String, Sendable, CaseIterable {
    /// The mean of their probabilities.
    case average
    /// What most of them prefer, as sure as those are on average; a draw is a tie.
    case majority
  }

  /// Name of the panel in labels: the judge's own where there is one.
  package let id: String
  /// Everything that can change a label, in short.
  package let version: String
  /// Who is asked.
  package let members: [any Judge]
  private let rule: Rule

  /// One judge by itself.
  package init(_ judge: any Judge) {
    id = judge.id
    version = judge.version
    members = [judge]
    rule = .average
  }

  /// Several judges under a name.
  package init(name: String, members: [any Judge], rule: Rule) {
    id = "panel:" + name
    self.members = members
    self.rule = rule
    let parts = members.flatMap { [$0.id, $0.version] }
    version = String(SHA256.hexDigest(ofParts: [rule.rawValue] + parts).prefix(16))
  }

  /// Whether there are several.
  var isSeveral: Bool { members.count > 1 }

  /// How many labels should be under way at once.
  var windowLength: Int { members.map { $0.batchSize * $0.concurrencyMax }.max() ?? 1 }

  /// How many workers should ask.
  var concurrencyMax: Int { max(1, members.map(\.concurrencyMax).max() ?? 1) }

  /// How many pairs a worker should take at once.
  var batchLength: Int { max(1, (members.map(\.batchSize).max() ?? 1) / 2) }

  /// Whether it is known what everybody's answers cost.
  package var isPriced: Bool { members.allSatisfy(\.isPriced) }

  /// Refuses a principle that a member cannot judge.
  package func check(_ principle: Principle) throws(LabelingError) {
    for member in members { try member.check(principle) }
  }

  /// The label that the members' labels for one pair and principle make; nil for none.
  package func combine(_ labels: [Label]) -> Label? {
    guard let first = labels.first else { return nil }
    guard isSeveral else { return first }
    let probability: Double
    switch rule {
    case .average:
      probability = labels.reduce(0) { $0 + $1.probabilityA } / Double(labels.count)
    case .majority:
      let votes = Dictionary(grouping: labels, by: \.choice)
      let most = votes.values.map(\.count).max() ?? 0
      let winners = votes.values.filter { $0.count == most }
      guard winners.count == 1, let winner = winners.first, winner[0].choice != .tie else {
        probability = 0.5
        break
      }
      probability = winner.reduce(0) { $0 + $1.probabilityA } / Double(winner.count)
    }
    return Label(
      pairID: first.pairID,
      principleID: first.principleID,
      judgeID: id,
      judgeVersion: version,
      probabilityA: probability,
      isOrderConsistent: labels.allSatisfy(\.isOrderConsistent)
    )
  }
}
