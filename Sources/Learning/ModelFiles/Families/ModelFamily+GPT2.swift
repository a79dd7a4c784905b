internal import JSON

extension ModelFamily {
  /// GPT-2: learned positions, layer norms and biases everywhere, GELU without a gate.
  ///
  /// Checkpoints keep maps as (inputs, outputs), and queries, keys and values in one map.
  package static let gpt2: ModelFamily = ModelFamily(
    name: "gpt2",
    architecture: "GPT2LMHeadModel",
    names: .gpt2,
    gguf: ("gpt2", .gguf),
    fusesQueryKeyValue: true,
    transposesMaps: true,
    omittedPrefix: "transformer.",
    read: { (fields) throws(ModelFileError) in
      try fields.expectActivation(
        ["gelu_new", "gelu_pytorch_tanh"],
        key: "activation_function"
      )
      try fields.refuse("scale_attn_by_inverse_layer_idx", when: true)
      try fields.refuse("scale_attn_weights", when: false)
      try fields.refuse("add_cross_attention", when: true)
      let width = try fields.integer("n_embd")
      let headCount = try fields.integer("n_head")
      guard headCount > 0, width > 0, width <= 1 << 24 else {
        throw .malformed(file: fields.file, detail: "n_embd is \(width), n_head \(headCount)")
      }
      return ModelMetadata(
        family: .gpt2,
        traits: .gpt2,
        name: fields.json["_name_or_path"]?.text ?? "",
        layerCount: try fields.integer("n_layer"),
        width: width,
        headCount: headCount,
        keyValueHeadCount: headCount,
        headWidth: width / headCount,
        feedForwardWidth: try fields.integer("n_inner", default: 4 * width),
        vocabularySize: try fields.integer("vocab_size"),
        contextLength: try fields.integer("n_positions", default: 1024),
        ropeTheta: 10_000,
        normEpsilon: try fields.number("layer_norm_epsilon", default: 1e-5),
        tiesEmbeddings: fields.flag("tie_word_embeddings", default: true),
        bosTokenID: try fields.tokenIDs("bos_token_id").first,
        eosTokenIDs: try fields.tokenIDs("eos_token_id", includingGeneration: true),
        padTokenID: try fields.tokenIDs("pad_token_id").first
      )
    },
    readTraits: { (_) throws(ModelFileError) in .gpt2 },
    members: { metadata in
      [
        JSONMember("activation_function", .string("gelu_new")),
        JSONMember("layer_norm_epsilon", .number(metadata.normEpsilon)),
        JSONMember("n_embd", .integer(metadata.width)),
        JSONMember("n_head", .integer(metadata.headCount)),
        JSONMember("n_inner", .integer(metadata.feedForwardWidth)),
        JSONMember("n_layer", .integer(metadata.layerCount)),
        JSONMember("n_positions", .integer(metadata.contextLength)),
      ]
    }
  )
}

extension DecoderTraits {
  /// Those of every GPT-2.
  fileprivate static var gpt2: DecoderTraits {
    var traits = DecoderTraits()
    traits.norm = .layer
    traits.feedForward = .gelu
    traits.learnsPositions = true
    traits.hasAttentionBias = true
    traits.hasOutputBias = true
    traits.hasFeedForwardBias = true
    return traits
  }
}

extension TensorNames {
  /// GPT-2's names in Hugging Face checkpoints.
  fileprivate static let gpt2 = TensorNames(
    embedding: "transformer.wte",
    positions: "transformer.wpe",
    layers: "transformer.h.",
    modules: [
      .inputNorm: "ln_1", .queryKeyValue: "attn.c_attn", .output: "attn.c_proj",
      .feedForwardNorm: "ln_2", .up: "mlp.c_fc", .down: "mlp.c_proj",
    ],
    finalNorm: "transformer.ln_f",
    head: "lm_head"
  )
}
