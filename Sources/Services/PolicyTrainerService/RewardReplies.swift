internal import Foundation
internal import Messages
internal import RPC

/// What a preference-model service said about some items, checked.
struct CheckedScores: Sendable, Equatable {
  /// Rows x principles, row-major.
  var values: [Float]
  /// One for each column.
  var sources: [ScoreSource]

  /// Refuses wrong rows, columns, counts, sources and numbers that are not finite.
  init(
    _ reply: ScoreReply,
    itemIDs: [String],
    principleIDs: [String],
    service: String
  ) throws(PolicyTrainerServiceError) {
    func refuse(_ reason: String) -> PolicyTrainerServiceError {
      .badReply(service: service, reason: reason)
    }
    guard let scores = reply.scores else { throw refuse("the scores are missing") }
    guard scores.principleIDs == principleIDs else {
      throw refuse("the columns are \(scores.principleIDs), not \(principleIDs)")
    }
    guard scores.itemIDs == itemIDs else {
      throw refuse("\(scores.itemIDs.count) rows are not those of the \(itemIDs.count) items asked")
    }
    guard scores.values.count == itemIDs.count * principleIDs.count else {
      throw refuse(
        "\(scores.values.count) scores for \(itemIDs.count) items x \(principleIDs.count) principles"
      )
    }
    if let bad = scores.values.firstIndex(where: { !$0.isFinite }) {
      throw refuse(
        "the score of item '\(itemIDs[bad / principleIDs.count])' on principle "
          + "'\(principleIDs[bad % principleIDs.count])' is \(scores.values[bad])"
      )
    }
    guard reply.sources.map(\.principleID) == principleIDs else {
      throw refuse("the sources are not one for each principle in order")
    }
    for source in reply.sources {
      guard source.mean.isFinite, source.standardDeviation.isFinite, source.standardDeviation > 0
      else {
        throw refuse(
          "principle '\(source.principleID)' has mean \(source.mean) and standard deviation "
            + "\(source.standardDeviation)"
        )
      }
    }
    values = scores.values
    sources = reply.sources
  }
}

/// What a scalarizer said about some rows, checked.
struct CheckedRewards: Sendable, Equatable {
  /// One for each row.
  var rewards: [Double]
  /// Rows x principles, row-major.
  var contributions: [Double]
  /// The configuration version of all of them.
  let version: UInt64
  /// Its hash.
  let hash: String

  /// Refuses wrong counts, versions and numbers that are not finite, and contributions that do not sum
  /// to their reward.
  ///
  /// Version 0 takes any.
  init(
    _ reply: ScalarizeReply,
    itemIDs: [String],
    principleIDs: [String],
    version asked: UInt64,
    service: String
  ) throws(PolicyTrainerServiceError) {
    func refuse(_ reason: String) -> PolicyTrainerServiceError {
      .badReply(service: service, reason: reason)
    }
    guard reply.rewards.count == itemIDs.count else {
      throw refuse("\(reply.rewards.count) rewards for \(itemIDs.count) items")
    }
    let width = principleIDs.count
    guard reply.contributions.count == itemIDs.count * width else {
      throw refuse("\(reply.contributions.count) contributions for \(itemIDs.count) x \(width)")
    }
    guard reply.configurationVersion > 0, !reply.configurationHash.isEmpty else {
      throw refuse("the configuration version or hash is missing")
    }
    guard asked == 0 || reply.configurationVersion == asked else {
      throw refuse("configuration version \(reply.configurationVersion), asked for was \(asked)")
    }
    for (row, id) in itemIDs.enumerated() {
      let reward = reply.rewards[row]
      guard reward.isFinite else { throw refuse("the reward of item '\(id)' is \(reward)") }
      let parts = reply.contributions[row * width..<(row + 1) * width]
      let sum = parts.reduce(0, +)
      guard parts.allSatisfy(\.isFinite), abs(sum - reward) <= 1e-4 * (1 + abs(reward)) else {
        throw refuse("the contributions of item '\(id)' sum to \(sum), its reward is \(reward)")
      }
    }
    rewards = reply.rewards
    contributions = reply.contributions
    version = reply.configurationVersion
    hash = reply.configurationHash
  }
}
