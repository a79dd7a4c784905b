package import JSON

extension ModelMetadata {
  /// The `config.json` of the model.
  package var configurationJSON: JSONValue {
    .object(
      [
        JSONMember("architectures", .array([.string(family.architecture)])),
        JSONMember("model_type", .string(family.name)),
        JSONMember("tie_word_embeddings", .bool(tiesEmbeddings)),
        JSONMember("torch_dtype", .string("float32")),
        JSONMember("vocab_size", .integer(vocabularySize)),
      ] + family.members(self) + specialTokens
    )
  }

  /// The `generation_config.json` of the model.
  package var generationJSON: JSONValue { .object(specialTokens) }

  /// Refuses models whose rotary scaling a `config.json` cannot express.
  func checkWritable(folder: String) throws(ModelFileError) {
    guard traits.rotaryScaling.json(base: ropeTheta) != nil else {
      throw .unsupported(
        file: folder,
        detail: "rotary divisors of its own, which config.json has no place for"
      )
    }
  }

  private var specialTokens: [JSONMember] {
    let id = { (value: Int32?) -> JSONValue in value.map { .integer(Int($0)) } ?? .null }
    let eos: JSONValue =
      eosTokenIDs.count > 1 ? .array(eosTokenIDs.map { id($0) }) : id(eosTokenIDs.first)
    return [
      JSONMember("bos_token_id", id(bosTokenID)), JSONMember("eos_token_id", eos),
      JSONMember("pad_token_id", id(padTokenID)),
    ]
  }

  /// Sizes and rotary settings as Llama and its relatives spell them.
  ///
  /// The settings stand under both of their names, for older releases of `transformers` too.
  var llamaMembers: [JSONMember] {
    let rotary = traits.rotaryScaling.json(base: ropeTheta) ?? .null
    return sizeMembers + [
      JSONMember("hidden_act", .string("silu")),
      JSONMember("rope_parameters", rotary),
      JSONMember("rope_scaling", traits.rotaryScaling == .none ? .null : rotary),
      JSONMember("rope_theta", .number(ropeTheta)),
    ]
  }

  /// Sizes as Llama and its relatives spell them.
  var sizeMembers: [JSONMember] {
    [
      JSONMember("attention_dropout", .number(0)),
      JSONMember("head_dim", .integer(headWidth)),
      JSONMember("hidden_size", .integer(width)),
      JSONMember("intermediate_size", .integer(feedForwardWidth)),
      JSONMember("max_position_embeddings", .integer(contextLength)),
      JSONMember("num_attention_heads", .integer(headCount)),
      JSONMember("num_hidden_layers", .integer(layerCount)),
      JSONMember("num_key_value_heads", .integer(keyValueHeadCount)),
      JSONMember("rms_norm_eps", .number(normEpsilon)),
    ]
  }

  /// Which layers have the window.
  var layerTypesMember: JSONMember {
    JSONMember(
      "layer_types",
      .array(
        (0..<layerCount).map { layer in
          .string(
            traits.window(ofLayer: layer) == nil ? "full_attention" : "sliding_attention"
          )
        }
      )
    )
  }
}
