internal import LanguageModels
internal import PolicyOptimization
internal import Preferences
internal import Tensors

/// Scores by untrained preference models of the usual shape, and their mean as the reward.
struct PolicyStepRewards: RewardSource {
  private let model: LanguageModel
  private let prompts: [String: [Int32]]
  private let adapters: [LowRankAdapter]
  private let heads: [ScalarHead]

  private static let principleCount = 4

  /// Makes preference models for answers to some prompts.
  init(_ model: LanguageModel, _ prompts: [PolicyPrompt]) {
    self.model = model
    self.prompts = Dictionary(uniqueKeysWithValues: prompts.map { ($0.text, $0.tokens) })
    let shape = model.configuration
    adapters = (0..<Self.principleCount).map { index in
      LowRankAdapter(PreferenceTrainingConfiguration().adapter, model: shape, seed: UInt64(index))
    }
    heads = (0..<Self.principleCount).map { ScalarHead(width: shape.width, seed: UInt64($0)) }
  }

  /// Rewards answers by one trunk pass and the top layers of every preference model.
  func reward(_ samples: [RewardSample]) async throws -> RewardBatch {
    let batch = PackedBatch(
      sharingPrefixesOf: samples.map { (prompts[$0.prompt] ?? []) + $0.responseTokens }
    )
    let first = adapters[0].firstLayer
    let states = model.tops(
      model.trunk(batch, layers: first),
      batch,
      from: first,
      adapters: adapters,
      rows: batch.lastRows
    )
    let columns = zip(heads, states).map { $0.forward($1).map(Double.init) }
    let share = 1 / Double(columns.count)
    let scores = samples.indices.flatMap { row in columns.map { $0[row] } }
    return RewardBatch(
      principles: columns.indices.map { "principle \($0)" },
      scores: scores,
      rewards: samples.indices.map { row in columns.reduce(0) { $0 + $1[row] * share } },
      contributions: scores.map { $0 * share },
      configurationVersion: "mean"
    )
  }
}
