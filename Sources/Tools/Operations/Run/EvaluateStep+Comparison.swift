internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs

extension EvaluateStep {
  /// What a judge that only compares says of both sides, as if it had measured them.
  ///
  /// The tuned answer measures the probability that it is the better one and the base answer the
  /// rest, so that the larger measure is the judge's preference. Equal texts measure one half each
  /// and are not sent.
  ///
  /// - Returns: measures by item, in the order of the recipe's principles.
  func compare(
    _ base: [GeneratedAnswer],
    _ tuned: [GeneratedAnswer],
    prompts: [String: String]
  ) async throws -> [String: [Double]] {
    let principles = context.recipe.principleIDs
    var pairs: [PreferencePair] = []
    var measures: [String: [Double]] = [:]
    for (before, after) in zip(base, tuned) {
      let even = principles.map { _ in 0.5 }
      measures[Self.itemID(before, side: "base")] = even
      measures[Self.itemID(after, side: "tuned")] = even
      guard before.text != after.text else { continue }
      pairs.append(
        PreferencePair(
          id: "\(before.promptID)/\(before.sampleIndex)",
          prompt: prompts[before.promptID] ?? "",
          responseA: before.text,
          responseB: after.text,
          source: "evaluation"
        )
      )
    }
    for (place, probability) in try await probabilities(pairs) {
      guard let column = principles.firstIndex(of: place.principle) else { continue }
      measures["base/" + place.pair]?[column] = probability
      measures["tuned/" + place.pair]?[column] = 1 - probability
    }
    return measures
  }

  /// One question to the judge.
  private struct Place: Hashable, Sendable {
    let pair: String
    let principle: String
  }

  /// The judge's probability that the base model's answer is the better one.
  ///
  /// Verdicts are stored under a dataset of their own, so that asking again after a break costs
  /// nothing.
  private func probabilities(_ pairs: [PreferencePair]) async throws -> [Place: Double] {
    let settings = LabelSettings(
      datasetID: context.runID + "-evaluation",
      principleIDs: context.recipe.principleIDs,
      judgeID: context.recipe.judge
    )
    let total = pairs.count * context.recipe.principles.count
    let context = context
    let found = try await context.retrying("comparing answers") { succeeded in
      let found = try await context.connections.labeler.label { requests, replies in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            try await requests.write(LabelRequest(kind: .settings(settings)))
            for pair in pairs { try await requests.write(LabelRequest(kind: .pair(pair))) }
            requests.finish()
          }
          var found: [Place: Double] = [:]
          for try await reply in replies {
            switch reply.kind {
            case .label(let label):
              found[Place(pair: label.pairID, principle: label.principleID)] = label.pA
              context.progress.update(
                ProgressUpdate(
                  work: "comparing answers",
                  done: Double(found.count),
                  total: Double(total)
                )
              )
            case .failure(let failure):
              throw OperationsError.failed(
                "the judge could not compare \(failure.pairID), \(failure.principleID): "
                  + "\(failure.reason); give the same command again, what was judged is kept"
              )
            // A run defers nothing, so this does not come.
            case .deferred, nil: break
            }
          }
          try await group.waitForAll()
          return found
        }
      }
      try succeeded()
      return found
    }
    guard found.count == total else {
      throw OperationsError.failed("comparing answers: got \(found.count) of \(total) verdicts")
    }
    return found
  }
}
