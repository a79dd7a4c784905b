internal import JSON

extension StoredAdapter {
  /// Reads an adapter folder that PEFT or this project wrote.
  ///
  /// Rank-stabilised scales and patterns of ranks and alphas are made plain: what is returned has one
  /// rank and one scale and adds the same to the model.
  ///
  /// - Throws: `ModelFileError` for damaged files, and for kinds of LoRA whose arithmetic is not
  ///   reproduced (DoRA, trained biases, whole modules beside a scoring head).
  package static func read(from folder: String) throws(ModelFileError) -> StoredAdapter {
    let file = folder + "/adapter_config.json"
    let json = try JSONValue.read(path: file)
    try refuseWhatIsNotReproduced(json, file: file)
    let patterns = try AdapterPatterns(json, file: file)
    let path = folder + "/adapter_model.safetensors"
    if !MappedFile.exists(path), MappedFile.exists(folder + "/adapter_model.bin") {
      throw .unsupported(
        file: folder + "/adapter_model.bin",
        detail: "a pickled adapter; load and save it with a recent PEFT to get safetensors"
      )
    }
    let weights = try SafetensorsFile(path: path)
    if let (name, type) = weights.unreadTypes.first {
      throw .badTensor(file: weights.path, tensor: name, detail: "its type \(type) is not read")
    }
    var tensors: [NamedTensor] = []
    for name in weights.tensorNames {
      tensors.append(
        NamedTensor(
          name: name,
          shape: weights.shape(of: name) ?? [],
          values: try weights.values(of: name)
        )
      )
    }
    let stored = StoredAdapter(
      description: try description(json, patterns, names: weights.tensorNames, file: file),
      tensors: tensors
    )
    let adapter = try stored.plain(patterns, file: weights.path, configuration: file)
    try adapter.check(file: weights.path)
    return adapter
  }

  private static func description(
    _ json: JSONValue,
    _ patterns: AdapterPatterns,
    names: [String],
    file: String
  ) throws(ModelFileError) -> AdapterDescription {
    let taskName = json["task_type"]?.text ?? AdapterDescription.Task.causalLanguageModel.rawValue
    guard let task = AdapterDescription.Task(rawValue: taskName) else {
      throw .unsupported(file: file, detail: "the task_type \(taskName); CAUSAL_LM and SEQ_CLS are")
    }
    // The matrices say which maps are adapted; the configuration may say it by a pattern.
    let modules = names.compactMap(split).compactMap { prefix, _ in
      prefix.split(separator: ".").dropLast().last.map(String.init)
    }
    var layers: [Int]?
    switch json["layers_to_transform"] {
    case .integer(let layer)?: layers = [layer]
    case .array(let values)?: layers = values.compactMap(\.whole)
    default: break
    }
    return AdapterDescription(
      task: task,
      rank: patterns.rank,
      alpha: patterns.alpha,
      usesRankStabilizedScale: patterns.usesRankStabilizedScale,
      targetModules: Set(modules).sorted(),
      layers: layers,
      fanInFanOut: json["fan_in_fan_out"]?.truth ?? false,
      baseModel: json["base_model_name_or_path"]?.text ?? ""
    )
  }

  private static func refuseWhatIsNotReproduced(
    _ json: JSONValue,
    file: String
  ) throws(ModelFileError) {
    guard json["peft_type"]?.text == "LORA" else {
      throw .unsupported(
        file: file,
        detail: "the peft_type \(json["peft_type"]?.text ?? "(none)"); LORA is read"
      )
    }
    if let bias = json["bias"]?.text, bias != "none" {
      throw .unsupported(file: file, detail: "trained biases (bias: \(bias))")
    }
    // A head is read by its tensors; anything else that was trained whole cannot be laid over a base.
    for module in json["modules_to_save"]?.elements ?? []
    where !["classifier", "score"].contains(module.text) {
      throw .unsupported(
        file: file,
        detail: """
          modules_to_save \(module.text ?? ""): whole modules beside a scoring head; \
          merge the adapter into its base (PEFT's merge_and_unload) and use that as the model
          """
      )
    }
    // Every variant of the arithmetic has a switch of its own (use_dora, use_qalora, …) or a field
    // that is otherwise null; only the rank-stabilised scale is reproduced.
    let others = [
      "alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config",
      "target_parameters", "trainable_token_indices", "velora_config",
    ]
    for member in json.members ?? [] {
      let isSwitch =
        (member.name.hasPrefix("use_") && member.name != "use_rslora")
        || member.name == "lora_bias"
      let isUnset =
        [.null, .bool(false)].contains(member.value) || member.value.elements?.isEmpty == true
      if isSwitch || others.contains(member.name), !isUnset {
        throw .unsupported(file: file, detail: "\(member.name) is set")
      }
    }
    if let replication = json["layer_replication"], replication != .null {
      throw .unsupported(file: file, detail: "layer_replication is set")
    }
  }
}
