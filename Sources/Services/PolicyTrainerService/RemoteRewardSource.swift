internal import Messages
internal import PolicyOptimization
internal import RPC
internal import ServiceKit
internal import ServiceStubs
internal import Synchronization

/// Rewards of a batch with where they came from.
struct RewardOrigin: Sendable, Equatable {
  let version: UInt64
  let hash: String
  let endpoint: String
  let sources: [ScoreSource]
  /// Rows x principles, row-major.
  let contributions: [Double]
}

/// Fetches rewards from the preference-model and scalarizer services, and from nowhere else.
///
/// A service that cannot be had is waited for; a reply that cannot be used ends the run. No reward is
/// ever made up, and all rewards of a batch come from one configuration version.
final class RemoteRewardSource: RewardSource {
  private struct State {
    var scalarizer: ScalarizerLink
    var origin: RewardOrigin?
    /// Whether the swaps of before a restart are still to be followed: until a caller wants another.
    var followsHistory = true
  }

  private let preferenceModel: PreferenceModelClient
  private let preferenceModelName: String
  private let principleIDs: [String]
  private let adapterID: String
  private let limits: RewardLimits
  private let control: RunControl
  private let normalization: PolicyOptimization.ScoreNormalization
  /// Answers to each prompt, next to each other.
  private let groupSize: Int
  private let history: ScalarizerHistory
  private let link: @Sendable (PeerSection) -> ScalarizerLink
  private let report: @Sendable (_ kind: String, _ detail: String) -> Void
  private let state: Mutex<State>

  /// Tries again when weights or versions change in the middle of a batch, this often.
  private static let attemptsMax = 4

  /// Prepares a source; `report` is told "waiting", "recovered" and "scalarizer_swapped".
  ///
  /// Steps that `history` knows are made again as they were: by the same endpoint and version, as
  /// far as those can still be had.
  init(
    preferenceModel: PreferenceModelClient,
    preferenceModelName: String,
    scalarizer: ScalarizerLink,
    principleIDs: [String],
    adapterID: String,
    limits: RewardLimits,
    control: RunControl,
    normalization: PolicyOptimization.ScoreNormalization,
    groupSize: Int,
    history: ScalarizerHistory,
    link: @escaping @Sendable (PeerSection) -> ScalarizerLink,
    report: @escaping @Sendable (_ kind: String, _ detail: String) -> Void
  ) {
    self.preferenceModel = preferenceModel
    self.preferenceModelName = preferenceModelName
    self.principleIDs = principleIDs
    self.adapterID = adapterID
    self.limits = limits
    self.control = control
    self.normalization = normalization
    self.groupSize = groupSize
    self.history = history
    self.link = link
    self.report = report
    state = Mutex(State(scalarizer: scalarizer))
  }

  /// The scalarizer in charge.
  var scalarizer: ScalarizerLink { state.withLock { $0.scalarizer } }

  /// Where the last batch's rewards came from.
  var origin: RewardOrigin? { state.withLock { $0.origin } }

  /// Puts the scalarizer in charge that a caller asked for, or that was in charge of the next step
  /// before a restart, if any.
  func applySwap() {
    if let swap = control.takeSwap() {
      useInstead(swap)
    } else if state.withLock({ $0.followsHistory }),
      let section = history.section(beginningWith: control.progress.step + 1),
      section != scalarizer.section
    {
      use(link(section))
    }
  }

  /// Takes what a caller wants, from now on.
  private func useInstead(_ link: ScalarizerLink) {
    state.withLock { $0.followsHistory = false }
    use(link)
  }

  private func use(_ link: ScalarizerLink) {
    let old = state.withLock { state in
      defer { state.scalarizer = link }
      return state.scalarizer
    }
    report("scalarizer_swapped", "\(old.section.endpoint) -> \(link.section.endpoint)")
  }

  /// Tells the journal that a scalarizer was not accepted.
  func reportRefusal(_ reason: String) {
    report("swap_refused", reason)
  }

  /// Rewards answers, all by one configuration.
  func reward(_ samples: [RewardSample]) async throws -> RewardBatch {
    let items = samples.enumerated().map { index, sample in
      TextItem(id: "answer-\(index)", prompt: sample.prompt, response: sample.response)
    }
    let scores = try await scores(items)
    let (rewards, endpoint) = try await rewards(items.map(\.id), normalised(scores))
    let origin = RewardOrigin(
      version: rewards.version,
      hash: rewards.hash,
      endpoint: endpoint,
      sources: scores.sources,
      contributions: rewards.contributions
    )
    state.withLock { $0.origin = origin }
    return RewardBatch(
      principles: principleIDs,
      scores: scores.values.map { Double($0) },
      rewards: rewards.rewards,
      contributions: rewards.contributions,
      // Another hash is another function, wherever it runs: that restarts the running statistics.
      configurationVersion: "\(rewards.version) \(rewards.hash)"
    )
  }

  /// Scores of all items by the same weights.
  private func scores(_ items: [TextItem]) async throws -> CheckedScores {
    for _ in 0..<Self.attemptsMax {
      var joined: CheckedScores?
      var isMixed = false
      for start in stride(from: 0, to: items.count, by: limits.itemsPerCall) {
        let chunk = Array(items[start..<min(start + limits.itemsPerCall, items.count)])
        let part = try await waiting(for: preferenceModelName) { [self] in
          let request = ScoreRequest(items: chunk, principleIDs: principleIDs, adapterID: adapterID)
          return try CheckedScores(
            try await preferenceModel.score(
              request,
              options: RPCCallOptions(timeout: limits.callTimeout)
            ),
            itemIDs: chunk.map(\.id),
            principleIDs: principleIDs,
            service: preferenceModelName
          )
        }
        if let sources = joined?.sources, sources != part.sources { isMixed = true }
        joined =
          joined.map { first in
            var both = first
            both.values += part.values
            return both
          } ?? part
      }
      // Models that were trained anew in the middle of the batch: score all of it again.
      if let joined, !isMixed { return joined }
    }
    throw PolicyTrainerServiceError.badReply(
      service: preferenceModelName,
      reason: "its models keep changing within one batch"
    )
  }

  /// The scores as the scalarizer shall see them.
  ///
  /// Those that are normalised here come with sources of mean zero and deviation one, so that the
  /// scalarizer leaves them as they are.
  private func normalised(_ scores: CheckedScores) -> CheckedScores {
    guard normalization != .model else { return scores }
    let width = principleIDs.count
    let standard = scores.values.enumerated().map { index, value in
      let source = scores.sources[index % width]
      return (Double(value) - source.mean) / source.standardDeviation
    }
    var result = scores
    result.values = normalization.apply(standard, width: width, groupSize: groupSize)
      .map { Float($0) }
    for column in result.sources.indices {
      result.sources[column].mean = 0
      result.sources[column].standardDeviation = 1
    }
    return result
  }

  /// Rewards of all rows by one configuration version, and the endpoint that gave them.
  private func rewards(
    _ itemIDs: [String],
    _ scores: CheckedScores
  ) async throws -> (CheckedRewards, endpoint: String) {
    try await waiting(for: nil) { [self] in
      // None of the batch's rewards is there yet, so no batch is ever mixed.
      if let link = control.beginRewards() { useInstead(link) }
      let link = scalarizer
      var before = history.reward(ofStep: control.progress.step + 1)
      for _ in 0..<Self.attemptsMax {
        do {
          let rewards = try await rewards(itemIDs, scores, by: link, version: before?.version ?? 0)
          // The same number from another scalarizer is another function.
          if before == nil || before?.hash == rewards.hash {
            return (rewards, link.section.endpoint)
          }
        } catch let error as RPCError where error.code == .notFound {
          // The version of the first rows is gone, so all rows are done again by the present one.
        }
        before = nil
      }
      throw PolicyTrainerServiceError.badReply(
        service: link.name,
        reason: "it forgets the configuration version that it has just answered with"
      )
    }
  }

  private func rewards(
    _ itemIDs: [String],
    _ scores: CheckedScores,
    by link: ScalarizerLink,
    version: UInt64
  ) async throws -> CheckedRewards {
    let width = principleIDs.count
    var joined: CheckedRewards?
    for start in stride(from: 0, to: itemIDs.count, by: limits.itemsPerCall) {
      let end = min(start + limits.itemsPerCall, itemIDs.count)
      let matrix = ScoreMatrix(
        principleIDs: principleIDs,
        itemIDs: Array(itemIDs[start..<end]),
        values: Array(scores.values[start * width..<end * width])
      )
      let part = try await link.rewards(
        matrix,
        sources: scores.sources,
        version: joined?.version ?? version,
        timeout: limits.callTimeout
      )
      if let first = joined, first.hash != part.hash {
        throw PolicyTrainerServiceError.badReply(
          service: link.name,
          reason: "version \(part.version) has two hashes, \(first.hash) and \(part.hash)"
        )
      }
      joined =
        joined.map { first in
          var both = first
          both.rewards += part.rewards
          both.contributions += part.contributions
          return both
        } ?? part
    }
    guard let joined else {
      throw PolicyTrainerServiceError.badReply(service: link.name, reason: "the batch is empty")
    }
    return joined
  }

  /// Does `work`, and again for as long as the service cannot be had and the configuration allows.
  ///
  /// `service` is what events call it; nil stands for the scalarizer in charge.
  private func waiting<Result: Sendable>(
    for service: String?,
    _ work: () async throws -> Result
  ) async throws -> Result {
    var began: ContinuousClock.Instant?
    var pause = limits.pauses.lowerBound
    while true {
      if let reason = control.stopReason, began != nil || control.isStopping { throw reason }
      let name = service ?? scalarizer.name
      do {
        let result = try await work()
        if let began {
          endWaiting()
          report("recovered", "\(name) after \((ContinuousClock.now - began).seconds) s")
        }
        return result
      } catch let error as RPCError {
        if service == nil { control.abandonRewards() }
        guard Self.mayRecover(error) else {
          throw PolicyTrainerServiceError.rewardsRefused(
            service: name,
            reason: "\(error.code): \(error.message)"
          )
        }
        let now = ContinuousClock.now
        if began == nil {
          beginWaiting()
          report("waiting", "\(name): \(error.code): \(error.message)")
        }
        let waited = now - (began ?? now)
        began = began ?? now
        guard waited < limits.waitMax else {
          throw PolicyTrainerServiceError.rewardsUnavailable(
            service: name,
            seconds: waited.seconds,
            reason: "\(error.code): \(error.message)"
          )
        }
        try await rest(min(pause, limits.waitMax - waited))
        pause = min(pause * 2, limits.pauses.upperBound)
      }
    }
  }

  /// Whether the same call may succeed later without a change of what is asked.
  private static func mayRecover(_ error: RPCError) -> Bool {
    switch error.code {
    case .unavailable, .deadlineExceeded, .resourceExhausted, .aborted, .cancelled: true
    // A service that was started anew may not have its models or configuration yet.
    case .failedPrecondition: true
    default: error.isRetryable
    }
  }

  private func beginWaiting() {
    control.report(.waiting, step: control.progress.step)
  }

  private func endWaiting() {
    control.report(.training, step: control.progress.step)
  }

  /// Rests, but no longer than until the run has to end.
  private func rest(_ duration: Duration) async throws {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end, control.stopReason == nil {
      try await Task.sleep(for: min(.milliseconds(100), end - ContinuousClock.now))
    }
  }
}
