internal import JSON

extension ModelFamily {
  /// Llama 1 to 3, SmolLM2 and others of their shape.
  package static let llama: ModelFamily = ModelFamily(
    name: "llama",
    architecture: "LlamaForCausalLM",
    names: .llama,
    gguf: ("llama", .gguf),
    interleavesHeadsInGGUF: true,
    read: { (fields) throws(ModelFileError) in
      try fields.expectActivation(["silu"])
      var traits = DecoderTraits()
      traits.rotaryScaling = try fields.rotaryScaling()
      traits.hasAttentionBias = fields.flag("attention_bias")
      traits.hasOutputBias = traits.hasAttentionBias
      traits.hasFeedForwardBias = fields.flag("mlp_bias")
      return try fields.metadata(.llama, traits)
    },
    readTraits: { (keys) throws(ModelFileError) in
      var traits = DecoderTraits()
      traits.slidingWindow = try keys.optionalInteger("attention.sliding_window")
      return traits
    },
    members: { metadata in
      metadata.llamaMembers + [
        JSONMember("attention_bias", .bool(metadata.traits.hasAttentionBias)),
        JSONMember("mlp_bias", .bool(metadata.traits.hasFeedForwardBias)),
      ]
    }
  )
}
