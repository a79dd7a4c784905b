internal import JSON

extension ModelFamily {
  /// Qwen 2 and 2.5: Llama with biases on queries, keys and values.
  package static let qwen2: ModelFamily = ModelFamily(
    name: "qwen2",
    architecture: "Qwen2ForCausalLM",
    names: .llama,
    gguf: ("qwen2", .gguf),
    read: { (fields) throws(ModelFileError) in
      try fields.metadata(.qwen2, try fields.qwenTraits(hasAttentionBias: true))
    },
    readTraits: { (_) throws(ModelFileError) in
      var traits = DecoderTraits()
      traits.hasAttentionBias = true
      return traits
    },
    members: { $0.llamaMembers + $0.qwenWindowMembers }
  )

  /// Qwen 3: Llama with norms on the heads of queries and keys.
  package static let qwen3: ModelFamily = ModelFamily(
    name: "qwen3",
    architecture: "Qwen3ForCausalLM",
    names: .llama,
    gguf: ("qwen3", .gguf),
    read: { (fields) throws(ModelFileError) in
      let hasBias = fields.flag("attention_bias")
      var traits = try fields.qwenTraits(hasAttentionBias: hasBias)
      traits.hasOutputBias = hasBias
      traits.normsQueriesAndKeys = true
      return try fields.metadata(.qwen3, traits, headWidth: 128)
    },
    readTraits: { (_) throws(ModelFileError) in
      var traits = DecoderTraits()
      traits.normsQueriesAndKeys = true
      return traits
    },
    members: { metadata in
      metadata.llamaMembers + metadata.qwenWindowMembers + [
        JSONMember("attention_bias", .bool(metadata.traits.hasAttentionBias))
      ]
    }
  )
}

extension ConfigurationFields {
  /// What both generations of Qwen share.
  fileprivate func qwenTraits(hasAttentionBias: Bool) throws(ModelFileError) -> DecoderTraits {
    try expectActivation(["silu"])
    var traits = DecoderTraits()
    traits.hasAttentionBias = hasAttentionBias
    traits.rotaryScaling = try rotaryScaling()
    guard flag("use_sliding_window") else { return traits }
    traits.slidingWindow = try optionalInteger("sliding_window", whenAbsent: 4096)
    let first = try integer("max_window_layers", default: 28)
    traits.windowedLayers = try windowedLayers { $0 >= first }
    return traits
  }
}

extension ModelMetadata {
  fileprivate var qwenWindowMembers: [JSONMember] {
    guard let window = traits.slidingWindow else {
      return [JSONMember("use_sliding_window", .bool(false))]
    }
    return [
      JSONMember("use_sliding_window", .bool(true)),
      JSONMember("sliding_window", .integer(window)), layerTypesMember,
    ]
  }
}
