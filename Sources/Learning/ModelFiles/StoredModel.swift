/// A model on disk, opened: what it is and where its weights are read from.
package struct StoredModel: Sendable {
  /// The path that was opened.
  package let path: String
  /// The model's shape and special tokens.
  package let metadata: ModelMetadata
  /// The weights under Hugging Face names; all of `metadata.expectedShapes` are there.
  package let weights: any WeightSource

  /// Opens a GGUF file or a Hugging Face folder.
  ///
  /// - Throws: `ModelFileError` for a file that cannot be read, is damaged, of another architecture,
  ///   or lacks a tensor.
  package static func open(_ path: String) throws(ModelFileError) -> StoredModel {
    let metadata: ModelMetadata
    let weights: any WeightSource
    if ModelLocation(path) == .folder {
      metadata = try ModelMetadata(folder: path)
      weights = try folderWeights(path, metadata.family)
    } else {
      let gguf = try GGUFFile(path: path)
      metadata = try ModelMetadata(gguf)
      weights = try GGUFWeights(gguf, metadata: metadata)
    }
    try metadata.check(weights)
    return StoredModel(path: path, metadata: metadata, weights: weights)
  }

  private static func folderWeights(
    _ path: String,
    _ family: ModelFamily
  ) throws(ModelFileError) -> any WeightSource {
    let weights = try HuggingFaceWeights(folder: path)
    let name = family.names.embedding + ".weight"
    guard let prefix = family.omittedPrefix, weights.shape(of: name) == nil else { return weights }
    let prefixed = PrefixedWeights(base: weights, prefix: prefix)
    return prefixed.shape(of: name) == nil ? weights : prefixed
  }
}
