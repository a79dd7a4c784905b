package import LanguageModels
internal import ModelFiles
package import Tensors

/// Where a preference model comes from.
package struct PreferenceProvenance: Sendable, Equatable, Codable {
  /// The base model's id.
  package var baseModel: String
  /// Hash of the base model's weights or file.
  package var baseModelHash: String
  /// The numbers that the base model's weights were kept in; `nil`, in older files, is float32.
  package var precision: Precision?
  /// Seed of the training.
  package var seed: UInt64
  /// Pairs trained on.
  package var trainingPairCount: Int
  /// Passes over them.
  package var epochCount: Int
  /// Agreement with the judge on the training pairs.
  package var training: PreferenceMetrics
  /// Agreement with the judge on held-out prompts.
  package var heldOut: PreferenceMetrics

  /// Creates a provenance.
  package init(
    baseModel: String,
    baseModelHash: String,
    precision: Precision = .float32,
    seed: UInt64,
    trainingPairCount: Int,
    epochCount: Int,
    training: PreferenceMetrics,
    heldOut: PreferenceMetrics
  ) {
    self.baseModel = baseModel
    self.baseModelHash = baseModelHash
    self.precision = precision
    self.seed = seed
    self.trainingPairCount = trainingPairCount
    self.epochCount = epochCount
    self.training = training
    self.heldOut = heldOut
  }
}

/// One principle's preference model: everything beside the base model that makes its scores.
package struct PreferenceModelArtifact: Sendable, Equatable {
  /// The principle's id.
  package let principle: String
  /// The adapter on the top layers.
  package let adapter: LowRankAdapter
  /// The scalar head on the last token; its bias is zero.
  package let head: ScalarHead
  /// Frozen statistics of the raw scores.
  package let normaliser: ScoreNormaliser
  /// Where it comes from.
  package let provenance: PreferenceProvenance
  /// SHA-256 over names, shapes and numbers of adapter and head, 64 hexadecimal digits.
  package let weightHash: String

  /// Creates an artifact and hashes its weights.
  package init(
    principle: String,
    adapter: LowRankAdapter,
    head: ScalarHead,
    normaliser: ScoreNormaliser,
    provenance: PreferenceProvenance
  ) {
    self.principle = principle
    self.adapter = adapter
    self.head = head
    self.normaliser = normaliser
    self.provenance = provenance
    weightHash = WeightHash.sha256(of: Self.tensors(adapter, head))
  }

  /// Adapter and head under PEFT's names, as they are stored and hashed.
  static func tensors(_ adapter: LowRankAdapter, _ head: ScalarHead) -> [NamedTensor] {
    var tensors = zip(adapter.parameters.names, adapter.parameters.matrices).map { name, matrix in
      NamedTensor(name: name, shape: [matrix.rows, matrix.columns], values: matrix.values)
    }
    if let weight = head.parameters[ScalarHead.weightName] {
      tensors.append(
        NamedTensor(
          name: StoredAdapter.scoreName,
          shape: [weight.rows, weight.columns],
          values: weight.values
        )
      )
    }
    return tensors
  }
}
