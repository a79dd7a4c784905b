internal import Messages
internal import Preferences

/// What the service notes about a preference model beside its weights.
struct ModelNote: Sendable, Equatable, Codable {
  /// Name of the training run.
  let adapterID: String
  /// The principle.
  let principleID: String
  /// Dataset at the labeler.
  let datasetID: String
  /// Unix time, seconds.
  let createdAt: Int64
  /// Grows with every installation; the newest model has the largest.
  let sequence: Int
  /// Hash of labels, settings, seed and base model: equal means the same training again.
  let fingerprint: String
}

/// A preference model that can answer.
struct InstalledModel: Sendable {
  let note: ModelNote
  let artifact: PreferenceModelArtifact

  /// The contract's description of the weights.
  func source(modelID: String) -> ScoreSource {
    ScoreSource(
      principleID: note.principleID,
      modelID: modelID,
      adapterID: note.adapterID,
      weightHash: artifact.weightHash,
      mean: artifact.normaliser.mean,
      standardDeviation: artifact.normaliser.standardDeviation
    )
  }

  /// The entry of the list of models.
  func entry(modelID: String) -> ModelEntry {
    ModelEntry(
      source: source(modelID: modelID),
      datasetID: note.datasetID,
      createdAt: note.createdAt,
      heldOut: artifact.provenance.heldOut.message
    )
  }

  /// The report of the training that made it.
  func report(modelID: String) -> PreferenceModelReport {
    PreferenceModelReport(
      source: source(modelID: modelID),
      heldOut: artifact.provenance.heldOut.message,
      training: artifact.provenance.training.message
    )
  }
}
