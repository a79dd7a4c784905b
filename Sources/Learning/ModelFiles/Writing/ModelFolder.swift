package import JSON

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

extension ModelMetadata {
  /// The `config.json` of the model.
  package var configurationJSON: JSONValue {
    .object(
      [
        JSONMember("architectures", .array([.string("LlamaForCausalLM")])),
        JSONMember("attention_bias", .bool(false)),
        JSONMember("attention_dropout", .number(0)),
        JSONMember("head_dim", .integer(headWidth)),
        JSONMember("hidden_act", .string("silu")),
        JSONMember("hidden_size", .integer(width)),
        JSONMember("intermediate_size", .integer(feedForwardWidth)),
        JSONMember("max_position_embeddings", .integer(contextLength)),
        JSONMember("mlp_bias", .bool(false)),
        JSONMember("model_type", .string(architecture)),
        JSONMember("num_attention_heads", .integer(headCount)),
        JSONMember("num_hidden_layers", .integer(layerCount)),
        JSONMember("num_key_value_heads", .integer(keyValueHeadCount)),
        JSONMember("rms_norm_eps", .number(rmsNormEpsilon)),
        JSONMember("rope_scaling", .null),
        JSONMember("rope_theta", .number(ropeTheta)),
        JSONMember("tie_word_embeddings", .bool(tiesEmbeddings)),
        JSONMember("torch_dtype", .string("float32")),
        JSONMember("vocab_size", .integer(vocabularySize)),
      ] + specialTokens
    )
  }

  /// The `generation_config.json` of the model.
  package var generationJSON: JSONValue { .object(specialTokens) }

  private var specialTokens: [JSONMember] {
    let id = { (value: Int32?) -> JSONValue in value.map { .integer(Int($0)) } ?? .null }
    let eos: JSONValue =
      eosTokenIDs.count > 1 ? .array(eosTokenIDs.map { id($0) }) : id(eosTokenIDs.first)
    return [
      JSONMember("bos_token_id", id(bosTokenID)), JSONMember("eos_token_id", eos),
      JSONMember("pad_token_id", id(padTokenID)),
    ]
  }
}
