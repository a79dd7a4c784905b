import Messages
import RPC
import ServiceStubs
import ServiceTesting
import Testing

@Suite struct PolicySamplingTests {
  private let harness: TrainerHarness

  init() throws {
    harness = try TrainerHarness()
  }

  private static let prompts = (0..<3).map { Prompt(id: "p\($0)", text: "Count to \($0).") }

  private static func pairs(
    _ trainer: PolicyTrainerClient,
    seed: UInt64
  ) async throws -> [PreferencePair] {
    try await trainer.samplePairs(
      SamplePairsRequest(
        prompts: prompts,
        samplesPerPrompt: 4,
        pairsPerPromptMax: 2,
        sampling: SamplingOptions(tokensMax: 8),
        seed: seed
      )
    ) { try await collect($0) }
    .compactMap { if case .pair(let pair) = $0.kind { pair } else { nil } }
  }

  private static func generate(
    _ trainer: PolicyTrainerClient,
    _ request: GenerateRequest
  ) async throws -> [GeneratedAnswer] {
    try await trainer.generate(request) { try await collect($0) }
      .compactMap { if case .answer(let answer) = $0.kind { answer } else { nil } }
  }

  @Test func `pairs are the same for the same seed and their ids are unique`() async throws {
    try await harness.run { trainer in
      let first = try await Self.pairs(trainer, seed: 7)
      #expect(first.count == 6)
      #expect(Set(first.map(\.id)).count == 6)
      #expect(first.allSatisfy { $0.responseA != $0.responseB })
      #expect(try await Self.pairs(trainer, seed: 7) == first)
      let other = try await Self.pairs(trainer, seed: 8)
      #expect(Set(other.map(\.id)).isDisjoint(with: first.map(\.id)))
    }
  }

  @Test func `hints vary the answers and pairs carry the prompt without them`() async throws {
    try await harness.run { trainer in
      func pairs(_ samples: UInt32) async throws -> [PreferencePair] {
        try await trainer.samplePairs(
          SamplePairsRequest(
            prompts: Self.prompts,
            samplesPerPrompt: samples,
            sampling: SamplingOptions(tokensMax: 8),
            seed: 7,
            hints: ["Be brief."]
          )
        ) { try await collect($0) }
        .compactMap { if case .pair(let pair) = $0.kind { pair } else { nil } }
      }
      let made = try await pairs(4)
      #expect(made.count == 18)
      #expect(Set(made.map(\.prompt)) == Set(Self.prompts.map(\.text)))
      let uneven = await refusal { try await pairs(3) }
      #expect(uneven.code == .invalidArgument && uneven.message.contains("multiple of 2"))
    }
  }

  @Test func `answers come from the base model and from the policy of a run`() async throws {
    try await harness.run { trainer in
      var request = GenerateRequest(
        prompts: Self.prompts,
        samplesPerPrompt: 2,
        sampling: SamplingOptions(tokensMax: 6),
        seed: 1,
        variant: .base
      )
      let base = try await Self.generate(trainer, request)
      #expect(base.count == 6)
      #expect(base.allSatisfy { $0.tokens > 0 && $0.tokens <= 6 && $0.sumLogProbability < 0 })
      #expect(base.map(\.promptID) == ["p0", "p0", "p1", "p1", "p2", "p2"])
      request.variant = .tuned
      let tuned = request
      #expect(await refusal { try await Self.generate(trainer, tuned) }.code == .notFound)
      _ = try await TrainerHarness.train(trainer)
      #expect(try await Self.generate(trainer, tuned).count == 6)
      request.variant = .unspecified
      let unspecified = request
      #expect(
        await refusal { try await Self.generate(trainer, unspecified) }.code == .invalidArgument
      )
    }
    // The adapter is found in the run's folder after a restart.
    try await harness.run { trainer in
      let answers = try await Self.generate(
        trainer,
        GenerateRequest(prompts: Self.prompts, seed: 1, variant: .tuned, runID: "run")
      )
      #expect(answers.count == 3)
    }
  }

  @Test func `log-probabilities agree with the sampler's own`() async throws {
    try await harness.run { trainer in
      let answers = try await Self.generate(
        trainer,
        GenerateRequest(
          prompts: Self.prompts,
          samplesPerPrompt: 1,
          sampling: SamplingOptions(tokensMax: 6),
          seed: 2,
          variant: .base
        )
      )
      var items = answers.map { answer in
        TextItem(
          id: answer.promptID,
          prompt: Self.prompts.first { $0.id == answer.promptID }?.text ?? "",
          response: answer.text
        )
      }
      items.append(TextItem(id: "empty", prompt: "Say nothing.", response: ""))
      let reply = try await trainer.logProbabilities(
        LogProbabilitiesRequest(items: items, variant: .base)
      )
      #expect(reply.results.map(\.itemID) == items.map(\.id))
      #expect(reply.results.last?.tokens == 0 && reply.results.last?.sum == 0)
      for (result, answer) in zip(reply.results, answers) where result.tokens == answer.tokens {
        // A text may be read as other tokens than it was written with; these were not.
        #expect(abs(result.sum - answer.sumLogProbability) < 0.5)
      }
      // The end-of-turn token counts where it is asked for, and a temperature divides the logits.
      let ended = LogProbabilitiesRequest(items: items, variant: .base, endedItemIDs: ["empty"])
      let end = try #require(try await trainer.logProbabilities(ended).results.last)
      #expect(end.tokens == 1 && end.sum < 0)
      var flat = ended
      flat.temperature = 100
      let hot = try #require(try await trainer.logProbabilities(flat).results.last)
      #expect(hot.sum != end.sum && abs(hot.sum) < 20)
      var unknown = ended
      unknown.endedItemIDs = ["nobody"]
      let asked = unknown
      let refused = await refusal { try await trainer.logProbabilities(asked) }
      #expect(refused.message.contains("ended_item_ids"))
    }
  }

  @Test func `sampling that cannot be done is refused by name`() async throws {
    try await harness.run { trainer in
      func refused(_ change: (inout SamplePairsRequest) -> Void) async -> String {
        var request = SamplePairsRequest(prompts: Self.prompts, samplesPerPrompt: 2)
        change(&request)
        let asked = request
        let (code, message) = await refusal {
          try await trainer.samplePairs(asked) { try await collect($0) }
        }
        return code == .invalidArgument ? message : "\(String(describing: code)): \(message)"
      }
      #expect(await refused { $0.samplesPerPrompt = 1 }.contains("samples_per_prompt"))
      #expect(await refused { $0.prompts = [] }.contains("prompts is empty"))
      #expect(
        await refused { $0.sampling = SamplingOptions(topP: 1.5) }.contains("top_p")
      )
      #expect(
        await refused { $0.sampling = SamplingOptions(stop: [""]) }.contains("stop")
      )
      #expect(
        await refused { $0.prompts[1].text = String(repeating: "long ", count: 5000) }
          .contains("prompt 'p1'")
      )
    }
  }

  @Test func `the files of a policy can be fetched`() async throws {
    try await harness.run { trainer in
      func files() async throws -> Set<String> {
        let chunks = try await trainer.fetchPolicy(FetchPolicyRequest()) { try await collect($0) }
        return Set(chunks.map(\.path))
      }
      #expect(await refusal { try await files() }.code == .notFound)
      _ = try await TrainerHarness.train(trainer)
      let names = try await files()
      #expect(names.isSuperset(of: ["adapter/adapter_config.json", "checkpoint.safetensors"]))
    }
  }
}
