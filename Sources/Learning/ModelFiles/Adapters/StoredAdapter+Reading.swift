internal import JSON

extension StoredAdapter {
  /// Reads an adapter folder that PEFT or this project wrote.
  ///
  /// - Throws: `ModelFileError` for damaged files, and for kinds of LoRA whose arithmetic is not
  ///   reproduced (DoRA, trained biases, ranks that differ by module).
  package static func read(from folder: String) throws(ModelFileError) -> StoredAdapter {
    let file = folder + "/adapter_config.json"
    let json = try JSONValue.read(path: file)
    try refuseWhatIsNotReproduced(json, file: file)
    let weights = try SafetensorsFile(path: folder + "/adapter_model.safetensors")
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
    let adapter = StoredAdapter(
      description: try description(json, names: weights.tensorNames, file: file),
      tensors: tensors
    )
    try adapter.check(file: weights.path)
    return adapter
  }

  private static func description(
    _ json: JSONValue,
    names: [String],
    file: String
  ) throws(ModelFileError) -> AdapterDescription {
    guard let rank = json["r"]?.whole, rank > 0, let alpha = json["lora_alpha"]?.double else {
      throw .malformed(file: file, detail: "r or lora_alpha is missing")
    }
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
      rank: rank,
      alpha: alpha,
      usesRankStabilizedScale: json["use_rslora"]?.truth ?? false,
      targetModules: Set(modules).sorted(),
      layers: layers,
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
    // Every variant of the arithmetic has a switch of its own (use_dora, use_qalora, …); only the
    // rank-stabilised scale is reproduced.
    for member in json.members ?? []
    where member.value == .bool(true) && member.name != "use_rslora"
      && (member.name.hasPrefix("use_") || ["fan_in_fan_out", "lora_bias"].contains(member.name))
    {
      throw .unsupported(file: file, detail: "\(member.name) is set")
    }
    if let replication = json["layer_replication"], replication != .null {
      throw .unsupported(file: file, detail: "layer_replication is set")
    }
    for key in ["rank_pattern", "alpha_pattern"] where json[key]?.members?.isEmpty == false {
      throw .unsupported(file: file, detail: "\(key) is set")
    }
  }
}
