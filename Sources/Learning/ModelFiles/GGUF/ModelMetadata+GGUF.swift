extension ModelMetadata {
  /// The tensor that holds the divisors of Llama 3's rotary frequencies.
  static let rotaryDivisorsName = "rope_freqs.weight"

  /// Reads the metadata keys of a GGUF file.
  init(_ gguf: GGUFFile) throws(ModelFileError) {
    let file = gguf.path
    guard case .string(let architecture)? = gguf.metadata["general.architecture"] else {
      throw .malformed(file: file, detail: "it does not say its general.architecture")
    }
    let known = ModelFamily.all.filter { $0.gguf != nil }
    guard let family = known.first(where: { $0.gguf?.architecture == architecture }) else {
      let supported = known.compactMap { $0.gguf?.architecture }.joined(separator: ", ")
      throw .unsupportedArchitecture(architecture, file: file, supported: supported)
    }
    let keys = GGUFKeys(gguf: gguf, prefix: architecture)
    var traits = try family.readTraits(keys)
    let width = try keys.integer("embedding_length")
    let headCount = try keys.integer("attention.head_count")
    guard headCount > 0 else {
      throw .malformed(file: file, detail: "\(architecture).attention.head_count is \(headCount)")
    }
    let headWidth = try keys.integer("attention.key_length", default: width / headCount)
    try Self.refuseWhatIsNotReproduced(keys, headWidth: headWidth)
    let base = try keys.number("rope.freq_base", default: 10_000)
    traits.rotaryScaling = try Self.rotaryScaling(keys, headWidth: headWidth, base: base)
    guard let embedding = gguf.tensors.first(where: { $0.storedName == "token_embd.weight" }),
      embedding.shape.count == 2
    else {
      throw .badTensor(
        file: file,
        tensor: "token_embd.weight",
        detail: "it is missing or no matrix"
      )
    }
    var name = ""
    if case .string(let text)? = gguf.metadata["general.name"] { name = text }
    var eos: [Int32] = []
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
      if let id = try keys.tokenID(key), !eos.contains(id) { eos.append(id) }
    }
    let epsilon = traits.norm == .layer ? "layer_norm_epsilon" : "layer_norm_rms_epsilon"
    self.init(
      family: family,
      traits: traits,
      name: name,
      layerCount: try keys.integer("block_count"),
      width: width,
      headCount: headCount,
      keyValueHeadCount: try keys.integer("attention.head_count_kv", default: headCount),
      headWidth: headWidth,
      feedForwardWidth: try keys.integer("feed_forward_length"),
      vocabularySize: embedding.shape[0],
      contextLength: try keys.integer("context_length"),
      ropeTheta: base,
      normEpsilon: try keys.number("attention.\(epsilon)"),
      tiesEmbeddings: !gguf.tensors.contains { $0.storedName == "output.weight" },
      bosTokenID: try keys.tokenID("tokenizer.ggml.bos_token_id"),
      eosTokenIDs: eos,
      padTokenID: try keys.tokenID("tokenizer.ggml.padding_token_id")
    )
    try check(file: file)
  }

  private static func refuseWhatIsNotReproduced(
    _ keys: GGUFKeys,
    headWidth: Int
  ) throws(ModelFileError) {
    let rotaryWidth = try keys.integer("rope.dimension_count", default: headWidth)
    guard rotaryWidth == headWidth else {
      throw .unsupported(
        file: keys.gguf.path,
        detail: "rotary over \(rotaryWidth) of a head's \(headWidth) dimensions"
      )
    }
    guard try keys.integer("attention.value_length", default: headWidth) == headWidth else {
      throw .unsupported(file: keys.gguf.path, detail: "values and keys of different widths")
    }
    guard try keys.integer("expert_count", default: 0) == 0 else {
      throw .unsupported(
        file: keys.gguf.path,
        detail: "a mixture of experts; only dense models are read"
      )
    }
  }

  private static func rotaryScaling(
    _ keys: GGUFKeys,
    headWidth: Int,
    base: Double
  ) throws(ModelFileError) -> RotaryScaling {
    let type = keys.text("rope.scaling.type") ?? "none"
    if type == "linear" { return .linear(factor: try keys.number("rope.scaling.factor")) }
    guard type == "none" else {
      throw .unsupported(
        file: keys.gguf.path,
        detail: "rotary scaling \(type); none, linear and that of Llama 3 are read"
      )
    }
    guard keys.gguf.shape(of: rotaryDivisorsName) != nil else { return .none }
    let divisors = try keys.gguf.values(of: rotaryDivisorsName).map(Double.init)
    return RotaryScaling(divisors: divisors, headWidth: headWidth, base: base)
  }
}
