internal import JSON
internal import Messages
internal import RPC
internal import RunReports
internal import ServiceStubs

/// Samples pairs and has them labelled while sampling goes on.
struct LabelStep {
  let context: RunContext

  func run() async throws -> [JSONMember] {
    let count = try await context.retrying("sampling and labelling pairs") { succeeded in
      try await sampleAndLabel(succeeded)
    }
    guard count.labels > 0 else {
      throw OperationsError.failed(
        "no pair could be labelled; the labeler says: \(count.firstFailure)"
      )
    }
    let exported = try await context.retrying("exporting labels") { _ in try await export() }
    return [
      JSONMember("pairs", .integer(count.pairs)), JSONMember("labels", .integer(count.labels)),
      JSONMember("failures", .integer(count.failures)),
      JSONMember("exported_pairs", .integer(exported)),
    ]
  }

  /// Sends pairs on as they are sampled.
  ///
  /// Both calls give the same again for the same seed, so that a
  /// stream that broke is simply begun anew: labels that the store has cost nothing.
  private func sampleAndLabel(_ succeeded: () throws -> Void) async throws -> LabelCount {
    let recipe = context.recipe
    let settings = LabelSettings(
      datasetID: context.runID,
      principleIDs: recipe.principleIDs,
      judgeID: recipe.judge
    )
    let request = SamplePairsRequest(
      prompts: context.prompts.training,
      samplesPerPrompt: UInt32(clamping: recipe.sampling.samplesPerPrompt),
      pairsPerPromptMax: UInt32(clamping: recipe.sampling.pairsPerPromptMax),
      sampling: recipe.sampling.options.message,
      seed: UInt64(recipe.seed),
      hints: recipe.sampling.hints
    )
    let counter = LabelCounter()
    let context = context
    let result = try await context.connections.labeler.label { writer, replies in
      try await writer.write(LabelRequest(kind: .settings(settings)))
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await context.connections.policyTrainer.samplePairs(request) { samples in
            for try await sample in samples {
              switch sample.kind {
              case .pair(let pair):
                counter.change { $0.pairs += 1 }
                try await writer.write(LabelRequest(kind: .pair(pair)))
              case .progress(let progress):
                show(counter.change { $0.sampling = progress })
              case nil: break
              }
            }
          }
          writer.finish()
        }
        group.addTask {
          for try await reply in replies {
            let now = counter.change { count in
              switch reply.kind {
              case .label: count.labels += 1
              case .failure(let failure):
                count.failures += 1
                if count.firstFailure.isEmpty { count.firstFailure = failure.reason }
              // A run defers nothing, so this does not come.
              case .deferred, nil: break
              }
            }
            show(now)
          }
        }
        try await group.waitForAll()
        return counter.change { _ in }
      }
    }
    try succeeded()
    return result
  }

  private func show(_ count: LabelCount) {
    let sampling = count.sampling
    let failures = count.failures > 0 ? ", \(count.failures) failed" : ""
    guard count.pairs > 0, sampling.answersDone >= sampling.answersTotal else {
      context.progress.update(
        ProgressUpdate(
          work: "answers",
          done: Double(sampling.answersDone),
          total: Double(sampling.answersTotal),
          detail: "\(Figure.fixed(sampling.tokensPerSecond, 0)) tokens/s, \(count.pairs) pairs, "
            + "\(count.labels) labels\(failures)",
          secondsLeft: sampling.secondsLeft > 0 ? sampling.secondsLeft : nil
        )
      )
      return
    }
    context.progress.update(
      ProgressUpdate(
        work: "labels",
        done: Double(count.labels),
        total: Double(count.pairs * context.recipe.principles.count),
        detail: "of \(count.pairs) pairs\(failures)"
      )
    )
  }

  /// Writes labels.jsonl: a line for each pair and principle, with the answers.
  private func export() async throws -> Int {
    let request = ExportRequest(datasetID: context.runID, principleIDs: context.recipe.principleIDs)
    let (lines, pairs) = try await context.connections.labeler.export(request) { replies in
      var lines: [JSONValue] = []
      var pairs = 0
      for try await reply in replies {
        guard let pair = reply.pair else { continue }
        pairs += 1
        lines += reply.labels.map { LabelRecord.json(label: $0, pair: pair) }
      }
      return (lines, pairs)
    }
    try JSONLines.write(lines, path: context.folder.labels)
    return pairs
  }
}
