extension ModelMetadata {
  /// Reads the metadata keys of a GGUF file of the Llama architecture.
  init(_ gguf: GGUFFile) throws(ModelFileError) {
    let file = gguf.path
    guard case .string(let architecture)? = gguf.metadata["general.architecture"] else {
      throw .malformed(file: file, detail: "it does not say its general.architecture")
    }
    guard Self.supportedArchitectures.contains(architecture) else {
      throw .unsupportedArchitecture(architecture, file: file)
    }
    let keys = GGUFKeys(gguf: gguf, prefix: architecture)
    if case .string(let scaling)? = gguf.metadata["llama.rope.scaling.type"], scaling != "none" {
      throw .unsupported(file: file, detail: "rotary scaling \(scaling); only plain rotary is read")
    }
    let width = try keys.integer("embedding_length")
    let headCount = try keys.integer("attention.head_count")
    guard headCount > 0 else {
      throw .malformed(file: file, detail: "llama.attention.head_count is \(headCount)")
    }
    let headWidth = try keys.integer("attention.key_length", default: width / headCount)
    let rotaryWidth = try keys.integer("rope.dimension_count", default: headWidth)
    guard rotaryWidth == headWidth else {
      throw .unsupported(
        file: file,
        detail: "rotary over \(rotaryWidth) of a head's \(headWidth) dimensions"
      )
    }
    guard try keys.integer("attention.value_length", default: headWidth) == headWidth else {
      throw .unsupported(file: file, detail: "values and keys of different widths")
    }
    guard try keys.integer("expert_count", default: 0) == 0 else {
      throw .unsupported(file: file, detail: "a mixture of experts; only dense models are read")
    }
    guard let embedding = gguf.tensors.first(where: { $0.storedName == "token_embd.weight" }) else {
      throw .badTensor(file: file, tensor: "token_embd.weight", detail: "it is missing")
    }
    var name = ""
    if case .string(let text)? = gguf.metadata["general.name"] { name = text }
    var eos: [Int32] = []
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
      if let id = try keys.tokenID(key), !eos.contains(id) { eos.append(id) }
    }
    self.init(
      architecture: architecture,
      name: name,
      layerCount: try keys.integer("block_count"),
      width: width,
      headCount: headCount,
      keyValueHeadCount: try keys.integer("attention.head_count_kv", default: headCount),
      headWidth: headWidth,
      feedForwardWidth: try keys.integer("feed_forward_length"),
      vocabularySize: embedding.shape[0],
      contextLength: try keys.integer("context_length"),
      ropeTheta: try keys.number("rope.freq_base", default: 10_000),
      rmsNormEpsilon: try keys.number("attention.layer_norm_rms_epsilon"),
      tiesEmbeddings: !gguf.tensors.contains { $0.storedName == "output.weight" },
      bosTokenID: try keys.tokenID("tokenizer.ggml.bos_token_id"),
      eosTokenIDs: eos,
      padTokenID: try keys.tokenID("tokenizer.ggml.padding_token_id")
    )
    try check(file: file)
  }
}

/// Looks up typed metadata of one architecture.
private struct GGUFKeys {
  let gguf: GGUFFile
  let prefix: String

  func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
    guard let value = gguf.metadata["\(prefix).\(key)"] else {
      if let fallback { return fallback }
      throw .malformed(file: gguf.path, detail: "the key \(prefix).\(key) is missing")
    }
    guard let integer = value.integer else {
      throw .malformed(file: gguf.path, detail: "\(prefix).\(key) is no single integer")
    }
    return integer
  }

  func number(_ key: String, default fallback: Double? = nil) throws(ModelFileError) -> Double {
    guard let value = gguf.metadata["\(prefix).\(key)"] else {
      if let fallback { return fallback }
      throw .malformed(file: gguf.path, detail: "the key \(prefix).\(key) is missing")
    }
    guard let number = value.number else {
      throw .malformed(file: gguf.path, detail: "\(prefix).\(key) is no number")
    }
    return number
  }

  func tokenID(_ key: String) throws(ModelFileError) -> Int32? {
    guard let value = gguf.metadata[key] else { return nil }
    guard let id = value.integer.flatMap(Int32.init(exactly:)) else {
      throw .malformed(file: gguf.path, detail: "\(key) is no token id")
    }
    return id
  }
}

extension ModelFileError {
  /// The refusal of a model family that is not read.
  static func unsupportedArchitecture(_ name: String, file: String) -> ModelFileError {
    let supported = ModelMetadata.supportedArchitectures.joined(separator: ", ")
    return .unsupported(
      file: file,
      detail: "the architecture \(name); supported architectures: \(supported)"
    )
  }
}
