internal import JSON

extension ModelFamily {
  /// The text models of Gemma 3: norms around both branches, norms of queries and keys, windows in
  /// five of six layers with a rotary base of their own, embeddings scaled by the root of the width.
  ///
  /// Checkpoints keep the weights of norms less 1; GGUF files keep them whole.
  package static let gemma3: ModelFamily = ModelFamily(
    name: "gemma3_text",
    architecture: "Gemma3ForCausalLM",
    names: .gemma3,
    gguf: ("gemma3", .gguf),
    normOffset: 1,
    read: { (fields) throws(ModelFileError) in
      try fields.expectActivation(["gelu_pytorch_tanh"], key: "hidden_activation")
      try fields.refuse("use_bidirectional_attention", when: true)
      for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
        guard (fields.json[key] ?? .null) == .null else {
          throw .unsupported(file: fields.file, detail: "\(key), which Gemma 3 does not have")
        }
      }
      let width = try fields.integer("hidden_size")
      let hasBias = fields.flag("attention_bias")
      var traits = DecoderTraits.gemma3(width: width)
      traits.hasAttentionBias = hasBias
      traits.hasOutputBias = hasBias
      traits.rotaryScaling = try fields.rotaryScaling("full_attention")
      guard try fields.localRotaryScaling() == .none else {
        throw .unsupported(file: fields.file, detail: "rotary scaling in layers with a window")
      }
      traits.localRotaryBase = try fields.localRotaryBase()
      guard let window = try fields.optionalInteger("sliding_window", whenAbsent: 4096) else {
        throw .unsupported(file: fields.file, detail: "layers with a window of no width")
      }
      traits.slidingWindow = window
      let pattern = try fields.integer(
        "sliding_window_pattern",
        default: try fields.integer("_sliding_window_pattern", default: 6)
      )
      traits.windowedLayers = try fields.windowedLayers { pattern < 1 || ($0 + 1) % pattern != 0 }
      let scalar = try fields.integer("query_pre_attn_scalar", default: 256)
      guard scalar > 0, scalar <= 1 << 24 else {
        throw .malformed(file: fields.file, detail: "query_pre_attn_scalar is \(scalar)")
      }
      traits.attentionScale = 1 / Double(scalar).squareRoot()
      return try fields.metadata(
        .gemma3,
        traits,
        headWidth: 256,
        rotaryBase: fields.rotaryBase("full_attention", default: 1_000_000),
        tiesEmbeddings: true
      )
    },
    readTraits: { (keys) throws(ModelFileError) in
      let layerCount = try keys.integer("block_count")
      guard layerCount >= 0, layerCount <= 10_000 else {
        throw .malformed(file: keys.gguf.path, detail: "gemma3.block_count is \(layerCount)")
      }
      var traits = DecoderTraits.gemma3(width: try keys.integer("embedding_length"))
      traits.localRotaryBase = try keys.number("rope.freq_base_swa", default: 10_000)
      traits.slidingWindow = try keys.integer("attention.sliding_window")
      let pattern = try keys.integer("attention.sliding_window_pattern", default: 6)
      traits.windowedLayers = (0..<layerCount).map { pattern < 1 || ($0 + 1) % pattern != 0 }
      if layerCount == 62 {
        // The 27-billion model alone does not divide by the root of the head's width.
        let share =
          try keys.integer("embedding_length") / max(1, keys.integer("attention.head_count"))
        traits.attentionScale = 1 / Double(max(1, share)).squareRoot()
      }
      return traits
    },
    members: { metadata in
      let traits = metadata.traits
      let scale = traits.attentionScale ?? 1 / Double(metadata.headWidth).squareRoot()
      let local = RotaryScaling.none.json(base: traits.localRotaryBase ?? 10_000) ?? .null
      let global = traits.rotaryScaling.json(base: metadata.ropeTheta) ?? .null
      return metadata.sizeMembers + [
        JSONMember("attention_bias", .bool(traits.hasAttentionBias)),
        JSONMember("hidden_activation", .string("gelu_pytorch_tanh")), metadata.layerTypesMember,
        JSONMember("query_pre_attn_scalar", .integer(Int((1 / (scale * scale)).rounded()))),
        JSONMember(
          "rope_parameters",
          .object([
            JSONMember("full_attention", global), JSONMember("sliding_attention", local),
          ])
        ),
        JSONMember("sliding_window", traits.slidingWindow.map(JSONValue.integer) ?? .null),
      ]
    }
  )
}

extension DecoderTraits {
  /// Those of every Gemma 3.
  fileprivate static func gemma3(width: Int) -> DecoderTraits {
    var traits = DecoderTraits()
    traits.feedForward = .gatedGelu
    traits.normsQueriesAndKeys = true
    traits.normsBranches = true
    traits.embeddingScale = Double(max(width, 1)).squareRoot()
    return traits
  }
}

extension ConfigurationFields {
  /// The rotary settings of layers with a window; older files have one number for them.
  private var localRotary: JSONValue {
    (json["rope_parameters"] ?? .null)["sliding_attention"] ?? .null
  }

  fileprivate func localRotaryBase() throws(ModelFileError) -> Double {
    if let base = localRotary["rope_theta"]?.double { return base }
    return try number("rope_local_base_freq", default: 10_000)
  }

  fileprivate func localRotaryScaling() throws(ModelFileError) -> RotaryScaling {
    localRotary == .null ? .none : try rotaryScaling("sliding_attention")
  }
}

extension TensorNames {
  /// Gemma 3's names in Hugging Face checkpoints: Llama's, but for the norms around branches.
  fileprivate static let gemma3: TensorNames = {
    var names = TensorNames.llama
    names.modules[.attentionOutputNorm] = "post_attention_layernorm"
    names.modules[.feedForwardNorm] = "pre_feedforward_layernorm"
    names.modules[.feedForwardOutputNorm] = "post_feedforward_layernorm"
    return names
  }()
}
