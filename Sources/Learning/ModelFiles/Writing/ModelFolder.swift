internal import JSON

/// Writes a merged model as a Hugging Face folder that `transformers` opens.
package enum ModelFolder {
  /// Writes `config.json`, `generation_config.json` and `model.safetensors` (F32).
  ///
  /// - Parameters:
  ///   - folder: the folder, made where it is missing.
  ///   - metadata: the model's shape.
  ///   - values: gives each tensor of `metadata.expectedShapes`, called once for each in sorted
  ///     order.
  /// - Throws: `ModelFileError` for a tensor that does not fit or is not finite, and what `values`
  ///   throws; the weights come first, so a folder with `config.json` is whole.
  package static func write(
    to folder: String,
    metadata: ModelMetadata,
    values: (String) throws(ModelFileError) -> [Float]
  ) throws(ModelFileError) {
    try metadata.checkWritable(folder: folder)
    try AtomicFile.makeFolder(folder)
    try SafetensorsWriter.write(
      metadata.expectedShapes,
      to: folder + "/model.safetensors",
      values: values
    )
    try AtomicFile.write(
      metadata.generationJSON.pretty + "\n",
      to: folder + "/generation_config.json"
    )
    try AtomicFile.write(metadata.configurationJSON.pretty + "\n", to: folder + "/config.json")
  }
}
