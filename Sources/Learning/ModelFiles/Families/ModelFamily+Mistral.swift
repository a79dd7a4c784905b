internal import JSON

extension ModelFamily {
  /// Mistral: Llama, each position seeing no further back than a window.
  ///
  /// Its GGUF files are Llama's.
  package static let mistral: ModelFamily = ModelFamily(
    name: "mistral",
    architecture: "MistralForCausalLM",
    names: .llama,
    gguf: nil,
    read: { (fields) throws(ModelFileError) in
      try fields.expectActivation(["silu"])
      var traits = DecoderTraits()
      traits.rotaryScaling = try fields.rotaryScaling()
      // The first releases leave out what `transformers` takes for granted.
      traits.slidingWindow = try fields.optionalInteger("sliding_window", whenAbsent: 4096)
      return try fields.metadata(.mistral, traits)
    },
    members: { metadata in
      let window = metadata.traits.slidingWindow.map(JSONValue.integer)
      return metadata.llamaMembers + [JSONMember("sliding_window", window ?? .null)]
    }
  )
}
