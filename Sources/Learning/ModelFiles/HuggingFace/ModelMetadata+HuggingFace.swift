internal import JSON

extension ModelMetadata {
  /// Reads the `config.json` of a folder, and `generation_config.json` where there is one.
  init(folder: String) throws(ModelFileError) {
    let file = folder + "/config.json"
    let fields = ConfigurationFields(
      file: file,
      json: try JSONValue.read(path: file),
      generation: try JSONValue.readIfPresent(path: folder + "/generation_config.json")
    )
    let name = fields.json["model_type"]?.text ?? "(none named)"
    guard let family = ModelFamily.all.first(where: { $0.name == name }) else {
      throw .unsupportedArchitecture(name, file: file)
    }
    try fields.refuseWhatIsNotReproduced()
    self = try family.read(fields)
    try check(file: file)
  }
}

extension ConfigurationFields {
  /// The sizes and tokens of a family that spells them as Llama does.
  ///
  /// - Parameters:
  ///   - family: the family.
  ///   - traits: its traits.
  ///   - headWidth: the width of a head where the file does not say; `nil` for an even share.
  ///   - base: the rotary base; `nil` to read it.
  ///   - tiesEmbeddings: whether the head is the embedding where the file does not say.
  /// - Returns: The description, not yet checked.
  /// - Throws: `ModelFileError.malformed` for a field that is missing or of another type.
  func metadata(
    _ family: ModelFamily,
    _ traits: DecoderTraits,
    headWidth: Int? = nil,
    rotaryBase base: Double? = nil,
    tiesEmbeddings: Bool = false
  ) throws(ModelFileError) -> ModelMetadata {
    let width = try integer("hidden_size")
    let headCount = try integer("num_attention_heads")
    guard headCount > 0 else {
      throw .malformed(file: file, detail: "num_attention_heads is \(headCount)")
    }
    return ModelMetadata(
      family: family,
      traits: traits,
      name: json["_name_or_path"]?.text ?? "",
      layerCount: try integer("num_hidden_layers"),
      width: width,
      headCount: headCount,
      keyValueHeadCount: try integer("num_key_value_heads", default: headCount),
      headWidth: try integer("head_dim", default: headWidth ?? width / headCount),
      feedForwardWidth: try integer("intermediate_size"),
      vocabularySize: try integer("vocab_size"),
      contextLength: try integer("max_position_embeddings", default: 2048),
      ropeTheta: base ?? rotaryBase(),
      normEpsilon: try number("rms_norm_eps", default: 1e-6),
      tiesEmbeddings: flag("tie_word_embeddings", default: tiesEmbeddings),
      bosTokenID: try tokenIDs("bos_token_id").first,
      eosTokenIDs: try tokenIDs("eos_token_id", includingGeneration: true),
      padTokenID: try tokenIDs("pad_token_id").first
    )
  }
}
