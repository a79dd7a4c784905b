internal import Foundation
internal import JSON
internal import LanguageModels
package import ModelFiles
internal import Tensors

/// Everything that a PPO run needs to go on bit for bit, in one atomically replaced file.
///
/// The file is safetensors: adapter, value head and both optimisers' moments as tensors, the rest as
/// JSON in the header's metadata under `ppo_state`.
package struct PPOCheckpoint: Sendable, Equatable {
  /// The numbers that are not tensors.
  package struct Header: Sendable, Equatable, Codable {
    /// Version of this layout.
    package var layout = 1
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
  private static let headerKey = "ppo_state"

  /// Takes a snapshot.
  init(_ state: PPOState, configuration: PPOConfiguration) {
    header = Header(
      step: state.step,
      scheduledUpdateCount: state.scheduledUpdateCount,
      episodeCount: state.episodeCount,
      klController: state.klController,
      rewardState: state.rewardState,
      cursor: state.cursor,
      policyOptimiserStep: state.policyOptimiser.step,
      valueOptimiserStep: state.valueOptimiser.step,
      seed: configuration.seed,
      rank: configuration.adapter.rank,
      alpha: configuration.adapter.alpha
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

  /// Writes the checkpoint; readers see the old file or the new one, whole.
  ///
  /// - Throws: `ModelFileError` when the system refuses or a number is not finite.
  package func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(header), as: UTF8.self)
    try SafetensorsWriter.write(tensors, to: path, metadata: [Self.headerKey: text])
  }

  /// Reads a checkpoint.
  ///
  /// - Throws: `ModelFileError` for a damaged file, `PolicyOptimizationError` for one of another kind.
  package init(readFrom path: String) throws {
    let file = try SafetensorsFile(path: path)
    guard let text = file.metadata.first(where: { $0.name == Self.headerKey })?.value.text else {
      throw PolicyOptimizationError.missingCheckpointEntry(Self.headerKey)
    }
    header = try JSONDecoder().decode(Header.self, from: Data(text.utf8))
    guard header.layout == 1 else {
      throw PolicyOptimizationError.incompatibleCheckpoint(
        field: "layout",
        found: "\(header.layout)",
        expected: "1"
      )
    }
    var tensors: [NamedTensor] = []
    for name in file.tensorNames {
      tensors.append(
        NamedTensor(
          name: name,
          shape: file.shape(of: name) ?? [],
          values: try file.values(of: name)
        )
      )
    }
    self.tensors = tensors.sorted { $0.name < $1.name }
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
