internal import LanguageModels
internal import Messages
internal import ModelKit
internal import PolicyOptimization
internal import RPC
internal import ServiceKit
internal import ServiceStubs
internal import Synchronization

/// Answers the calls of the PolicyTrainer service.
struct PolicyTrainerCalls: PolicyTrainerHandler {
  let runs: PolicyRuns
  let sampler: AnswerSampler
  let likelihood: AnswerLikelihood
  /// Where sampling runs, beside the training thread.
  let thread: WorkThread
  let promptsMax: Int
  let metrics: MetricsRegistry

  /// Trains, and streams what happens.
  func train(
    _ request: TrainPolicyRequest,
    replies: RPCWriter<TrainPolicyReply>,
    context: RPCServerContext
  ) async throws {
    try await runs.train(request) { try await replies.write($0) }
  }

  /// Holds the run before its next step.
  func pause(_ request: PauseRequest, context: RPCServerContext) async throws -> PauseReply {
    try runs.control().setPaused(true)
    return PauseReply()
  }

  /// Lets the run go on.
  func resume(_ request: ResumeRequest, context: RPCServerContext) async throws -> ResumeReply {
    try runs.control().setPaused(false)
    return ResumeReply()
  }

  /// Ends the run after the step under way.
  func cancel(
    _ request: CancelTrainingRequest,
    context: RPCServerContext
  ) async throws -> CancelTrainingReply {
    try runs.control().cancel()
    return CancelTrainingReply()
  }

  /// Points the trainer at another scalarizer.
  func swapScalarizer(
    _ request: SwapScalarizerRequest,
    context: RPCServerContext
  ) async throws -> SwapScalarizerReply {
    let host = try MessageChecks.identifier(request.host, "host")
    let port = try MessageChecks.inRange(Int(request.port), 1...65_535, "port")
    let (probe, firstStep) = try await runs.swap(
      to: PeerSection(host: host, port: port, serverName: request.serverName)
    )
    return SwapScalarizerReply(
      configurationVersion: probe.version,
      configurationHash: probe.hash,
      firstStep: UInt32(clamping: firstStep)
    )
  }

  /// Writes a checkpoint now.
  func checkpoint(
    _ request: CheckpointRequest,
    context: RPCServerContext
  ) async throws -> CheckpointReply {
    try await runs.checkpoint()
  }

  /// The files of a run's newest checkpoint.
  func fetchPolicy(
    _ request: FetchPolicyRequest,
    replies: RPCWriter<FileChunk>,
    context: RPCServerContext
  ) async throws {
    let run = try runs.savedRun(request.runID)
    try await Offload.run {
      try await FolderChunks.send(run.adapterPath, prefix: "adapter/", to: replies)
      try await FolderChunks.send(file: run.eventsPath, as: "events.jsonl", to: replies)
      if let checkpoint = try run.checkpoints.newestPath() {
        try await FolderChunks.send(file: checkpoint, as: "checkpoint.safetensors", to: replies)
      }
    }
  }

  /// What the service is doing.
  func status(_ request: StatusRequest, context: RPCServerContext) async throws -> StatusReply {
    runs.status(isSampling: thread.waitingCount > 0)
  }

  /// Answers from the base model or the policy.
  func generate(
    _ request: GenerateRequest,
    replies: RPCWriter<GenerateReply>,
    context: RPCServerContext
  ) async throws {
    let adapter = try adapter(request.variant, request.runID)
    let plan = try await plan(
      request.prompts,
      samplesPerPrompt: max(1, Int(request.samplesPerPrompt)),
      sampling: request.sampling,
      seed: request.seed
    )
    try await sample(
      plan,
      adapter: adapter,
      progress: { try await replies.write(GenerateReply(kind: .progress($0))) },
      answers: { answers in
        for answer in answers {
          try await replies.write(
            GenerateReply(
              kind: .answer(answer.message(promptID: request.prompts[answer.promptIndex].id))
            )
          )
        }
      }
    )
  }

  /// Samples several answers to each prompt from the base model and pairs them up.
  func samplePairs(
    _ request: SamplePairsRequest,
    replies: RPCWriter<SamplePairsReply>,
    context: RPCServerContext
  ) async throws {
    let count = try MessageChecks.inRange(
      Int(request.samplesPerPrompt),
      2...4096,
      "samples_per_prompt"
    )
    try MessageChecks.identifiers(request.prompts.map(\.id), "prompts", countMax: promptsMax)
    let variants = try HintedPrompts(request.hints, answersPerPrompt: count)
    let plan = try await plan(
      variants.prompts(of: request.prompts),
      samplesPerPrompt: variants.answersPerVariant,
      sampling: request.sampling,
      seed: request.seed
    )
    let pairsMax = Int(request.pairsPerPromptMax)
    try await sample(
      plan,
      promptsTogether: variants.count,
      adapter: nil,
      progress: { try await replies.write(SamplePairsReply(kind: .progress($0))) },
      answers: { answers in
        let answers = answers.map(variants.underPlainPrompt)
        for pair in Self.pairs(answers, request, pairsMax: pairsMax) {
          try await replies.write(SamplePairsReply(kind: .pair(pair)))
        }
      }
    )
  }

  /// Log-probabilities of given answers.
  func logProbabilities(
    _ request: LogProbabilitiesRequest,
    context: RPCServerContext
  ) async throws -> LogProbabilitiesReply {
    try MessageChecks.identifiers(request.items.map(\.id), "items", countMax: promptsMax)
    let adapter = try adapter(request.variant, request.runID)
    let temperature =
      request.temperature == 0
      ? 1 : try MessageChecks.inRange(request.temperature, 0.01...100, "temperature")
    let ended = Set(request.endedItemIDs)
    guard ended.isSubset(of: request.items.map(\.id)) else {
      throw MessageChecks.refusal("ended_item_ids: names an item that is not there")
    }
    return try await thread.perform { [likelihood] in
      LogProbabilitiesReply(
        results: try likelihood.compute(
          request.items,
          ended: ended,
          temperature: Float(temperature),
          adapter: adapter
        )
      )
    }
  }

  /// The adapter of a variant; nil for the base model.
  private func adapter(_ variant: PolicyVariant, _ runID: String) throws -> LowRankAdapter? {
    switch variant {
    case .base: nil
    case .tuned: try runs.policy(runID)
    case .unspecified, .unrecognized:
      throw MessageChecks.refusal("variant: say POLICY_VARIANT_BASE or POLICY_VARIANT_TUNED")
    }
  }

  private func plan(
    _ prompts: [Prompt],
    samplesPerPrompt: Int,
    sampling: Messages.SamplingOptions?,
    seed: UInt64
  ) async throws -> AnswerSampler.Plan {
    try MessageChecks.identifiers(prompts.map(\.id), "prompts", countMax: promptsMax)
    return try await Offload.run { [sampler] in
      try sampler.plan(
        prompts,
        samplesPerPrompt: samplesPerPrompt,
        sampling: sampling,
        seed: seed
      )
    }
  }

  /// Samples round by round and hands the answers of each round on.
  private func sample(
    _ plan: AnswerSampler.Plan,
    promptsTogether: Int = 1,
    adapter: LowRankAdapter?,
    progress: (SamplingProgress) async throws -> Void,
    answers: ([SampledText]) async throws -> Void
  ) async throws {
    let meter = SamplingMeter(
      total: plan.prompts.count * plan.samplesPerPrompt,
      tokensMax: plan.options.maxNewTokens
    )
    let generator = try await thread.perform { [sampler] in
      Generator(sampler.base.model, adapter: adapter, batchMax: sampler.answersPerBatch)
    }
    // The variants of a prompt stay together, so that its pairs can be made from one round.
    let step = max(1, AnswerSampler.promptsPerRound / promptsTogether) * promptsTogether
    for start in stride(from: 0, to: plan.prompts.count, by: step) {
      let round = start..<min(start + step, plan.prompts.count)
      let (stream, continuation) = AsyncStream.makeStream(
        of: SamplingProgress.self,
        bufferingPolicy: .bufferingNewest(1)
      )
      // The thread works while this task tells the caller how far it is.
      async let sampled = thread.perform { [sampler] in
        defer { continuation.finish() }
        return try sampler.sample(plan, round: round, generator: generator) { now in
          if let report = meter.note(now) { continuation.yield(report) }
        }
      }
      for await report in stream { try await progress(report) }
      let finished = try await sampled
      meter.endRound()
      metrics.add(Double(finished.count), to: MetricCatalog.policyAnswers)
      try await answers(finished)
    }
  }

  /// The pairs of a round, prompt by prompt; the same request gives the same ids and texts.
  private static func pairs(
    _ answers: [SampledText],
    _ request: SamplePairsRequest,
    pairsMax: Int
  ) -> [Messages.PreferencePair] {
    let byPrompt = Dictionary(grouping: answers, by: \.promptIndex)
    return byPrompt.keys.sorted().flatMap { index in
      let texts = (byPrompt[index] ?? []).sorted { $0.sampleIndex < $1.sampleIndex }.map(\.text)
      let prompt = request.prompts[index]
      return PairSampling.pairs(
        texts,
        pairCountMax: pairsMax == 0 ? nil : pairsMax,
        seed: request.seed,
        prompt: index
      ).map { pair in
        Messages.PreferencePair(
          id: "\(prompt.id)/\(String(request.seed, radix: 16))/\(pair.first)-\(pair.second)",
          prompt: prompt.text,
          responseA: texts[pair.first],
          responseB: texts[pair.second],
          source: PolicyTrainerDefinition.name
        )
      }
    }
  }
}

extension SampledText {
  /// The contract's form.
  fileprivate func message(promptID: String) -> GeneratedAnswer {
    GeneratedAnswer(
      promptID: promptID,
      sampleIndex: UInt32(clamping: sampleIndex),
      text: text,
      tokens: UInt32(clamping: tokenCount),
      finishReason: finishReason,
      sumLogProbability: sumLogProbability
    )
  }
}
