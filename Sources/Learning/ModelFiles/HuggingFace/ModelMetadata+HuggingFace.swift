internal import JSON

extension ModelMetadata {
  /// Reads the `config.json` of a folder, and `generation_config.json` where there is one.
  init(folder: String) throws(ModelFileError) {
    let file = folder + "/config.json"
    let fields = ConfigurationFields(file: file, json: try JSONValue.read(path: file))
    let architecture = fields.json["model_type"]?.text ?? "(none named)"
    guard Self.supportedArchitectures.contains(architecture) else {
      throw .unsupportedArchitecture(architecture, file: file)
    }
    try fields.refuseWhatIsNotReproduced()
    let generation = try JSONValue.readIfPresent(path: folder + "/generation_config.json")
    let width = try fields.integer("hidden_size")
    let headCount = try fields.integer("num_attention_heads")
    guard headCount > 0 else {
      throw .malformed(file: file, detail: "num_attention_heads is \(headCount)")
    }
    let rope = fields.json["rope_parameters"] ?? .null
    self.init(
      architecture: architecture,
      name: fields.json["_name_or_path"]?.text ?? "",
      layerCount: try fields.integer("num_hidden_layers"),
      width: width,
      headCount: headCount,
      keyValueHeadCount: try fields.integer("num_key_value_heads", default: headCount),
      headWidth: try fields.integer("head_dim", default: width / headCount),
      feedForwardWidth: try fields.integer("intermediate_size"),
      vocabularySize: try fields.integer("vocab_size"),
      contextLength: try fields.integer("max_position_embeddings", default: 2048),
      ropeTheta: rope["rope_theta"]?.double ?? fields.json["rope_theta"]?.double ?? 10_000,
      rmsNormEpsilon: fields.json["rms_norm_eps"]?.double ?? 1e-6,
      tiesEmbeddings: fields.json["tie_word_embeddings"]?.truth ?? false,
      bosTokenID: try fields.tokenIDs("bos_token_id").first,
      eosTokenIDs: try fields.tokenIDs("eos_token_id", also: generation),
      padTokenID: try fields.tokenIDs("pad_token_id").first
    )
    try check(file: file)
  }
}

/// Looks up typed fields of a `config.json`.
private struct ConfigurationFields {
  let file: String
  let json: JSONValue

  func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
    let value = json[key] ?? .null
    if value == .null, let fallback { return fallback }
    guard let integer = value.whole else {
      throw .malformed(file: file, detail: "\(key) is missing or no integer")
    }
    return integer
  }

  /// The ids of a field that holds one, several or none; those of `other` come first.
  func tokenIDs(_ key: String, also other: JSONValue? = nil) throws(ModelFileError) -> [Int32] {
    var ids: [Int32] = []
    for source in [other ?? .null, json] {
      let value = source[key] ?? .null
      if value == .null { continue }
      for element in value.elements ?? [value] {
        guard let id = element.whole.flatMap(Int32.init(exactly:)) else {
          throw .malformed(file: file, detail: "\(key) is no token id")
        }
        if !ids.contains(id) { ids.append(id) }
      }
    }
    return ids
  }

  /// Refuses settings that would silently make another model.
  func refuseWhatIsNotReproduced() throws(ModelFileError) {
    for key in ["attention_bias", "mlp_bias"] where json[key]?.truth == true {
      throw .unsupported(file: file, detail: "\(key) is set")
    }
    if let activation = json["hidden_act"]?.text, activation != "silu" {
      throw .unsupported(file: file, detail: "the activation \(activation); silu is read")
    }
    for scaling in [json["rope_scaling"], json["rope_parameters"]].compactMap({ $0 }) {
      let kind = scaling["rope_type"]?.text ?? scaling["type"]?.text ?? "default"
      guard kind == "default" else {
        throw .unsupported(file: file, detail: "rotary scaling \(kind); only plain rotary is read")
      }
    }
    if let quantization = json["quantization_config"], quantization != .null {
      throw .unsupported(
        file: file,
        detail: "quantised weights in a folder; use plain weights or a GGUF file"
      )
    }
  }
}
