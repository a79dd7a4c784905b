internal import LanguageModels
package import ModelFiles
package import Tensors

/// Everything that a run needs to go on bit for bit: the numbers, and the tensors beside them.
///
/// `CheckpointFile` says how it is kept on disk.
package struct PPOCheckpoint: Sendable, Equatable {
  /// What of a run does not lie in the library, told when a checkpoint is made.
  package struct Surroundings: Sendable, Equatable, Codable {
    /// Hash of the base model's weights; another one is refused.
    package var baseModel: String
    /// The scalarizer that gave the last step's rewards, with its endpoint; nil before the first.
    package var scalarizer: Scalarizer?
    /// Threads of the numerical work; sums over another number of them may round differently.
    package var threadCount: Int
    /// The numbers that the base model's weights were kept in; `nil`, in older files, is float32.
    package var precision: Precision?

    /// Creates a description.
    package init(
      baseModel: String,
      scalarizer: Scalarizer? = nil,
      threadCount: Int = 1,
      precision: Precision = .float32
    ) {
      self.baseModel = baseModel
      self.scalarizer = scalarizer
      self.threadCount = threadCount
      self.precision = precision
    }
  }

  /// A scalarizer at one version of its configuration.
  package struct Scalarizer: Sendable, Equatable, Codable {
    /// `HOST:PORT`.
    package var endpoint: String
    /// Version of its configuration.
    package var version: UInt64
    /// Hash of its configuration.
    package var hash: String

    /// Names a version.
    package init(endpoint: String, version: UInt64, hash: String) {
      self.endpoint = endpoint
      self.version = version
      self.hash = hash
    }
  }

  /// The numbers that are not tensors.
  package struct Header: Sendable, Equatable, Codable {
    /// How rewards became advantages.
    package var algorithm: PolicyAlgorithm
    /// Steps made.
    package var step: Int
    /// Position in the learning-rate schedule.
    package var scheduledUpdateCount: Int
    /// Answers sampled.
    package var episodeCount: Int
    /// The KL coefficient.
    package var klController: KLController
    /// Running reward statistics, with the configuration version that they belong to.
    package var rewardState: RewardConditioning.State
    /// The position in the prompts.
    package var cursor: PromptCursor
    /// What the watch for gamed rewards has seen.
    package var watch: RewardWatch
    /// Updates of the policy's optimiser.
    package var policyOptimiserStep: Int
    /// Updates of the value head's optimiser.
    package var valueOptimiserStep: Int
    /// Seed of the run; with `step` it is the whole state of randomness.
    package var seed: UInt64
    /// Rank of the policy's adapter.
    package var rank: Int
    /// Numerator of the adapter's scale.
    package var alpha: Double
    /// What else the run depends on.
    package var surroundings: Surroundings
  }

  /// The numbers that are not tensors.
  package let header: Header
  /// Policy, value head and moments under prefixed names, sorted by name.
  package let tensors: [NamedTensor]

  static let policyPrefix = "policy."
  static let valuePrefix = "value."
  static let policyFirstPrefix = "policy_first_moment."
  static let policySecondPrefix = "policy_second_moment."
  static let valueFirstPrefix = "value_first_moment."
  static let valueSecondPrefix = "value_second_moment."

  /// Puts a checkpoint together from its parts.
  init(header: Header, tensors: [NamedTensor]) {
    self.header = header
    self.tensors = tensors
  }

  /// Takes a snapshot.
  init(_ state: PPOState, configuration: PPOConfiguration, surroundings: Surroundings) {
    header = Header(
      algorithm: configuration.algorithm,
      step: state.step,
      scheduledUpdateCount: state.scheduledUpdateCount,
      episodeCount: state.episodeCount,
      klController: state.klController,
      rewardState: state.rewardState,
      cursor: state.cursor,
      watch: state.watch,
      policyOptimiserStep: state.policyOptimiser.step,
      valueOptimiserStep: state.valueOptimiser.step,
      seed: configuration.seed,
      rank: configuration.adapter.rank,
      alpha: configuration.adapter.alpha,
      surroundings: surroundings
    )
    let sets: [(String, ParameterSet)] = [
      (Self.policyPrefix, state.adapter.parameters),
      (Self.valuePrefix, state.valueHead.parameters),
      (Self.policyFirstPrefix, state.policyOptimiser.firstMoments),
      (Self.policySecondPrefix, state.policyOptimiser.secondMoments),
      (Self.valueFirstPrefix, state.valueOptimiser.firstMoments),
      (Self.valueSecondPrefix, state.valueOptimiser.secondMoments),
    ]
    tensors = sets.flatMap { prefix, set in
      zip(set.names, set.matrices).map { name, matrix in
        NamedTensor(
          name: prefix + name,
          shape: [matrix.rows, matrix.columns],
          values: matrix.values
        )
      }
    }.sorted { $0.name < $1.name }
  }

  /// The tensors of a prefix as parameters, in the order of `model`.
  func parameters(
    _ prefix: String,
    like model: ParameterSet
  ) throws(PolicyOptimizationError) -> ParameterSet {
    var result = model
    for (index, name) in model.names.enumerated() {
      guard let tensor = tensors.first(where: { $0.name == prefix + name }) else {
        throw .missingCheckpointEntry(prefix + name)
      }
      let shape = [model.matrices[index].rows, model.matrices[index].columns]
      guard tensor.shape == shape, tensor.values.count == shape[0] * shape[1] else {
        throw .incompatibleCheckpoint(
          field: prefix + name,
          found: "\(tensor.shape)",
          expected: "\(shape)"
        )
      }
      result.set(name, Matrix(rows: shape[0], columns: shape[1], values: tensor.values))
    }
    return result
  }
}
