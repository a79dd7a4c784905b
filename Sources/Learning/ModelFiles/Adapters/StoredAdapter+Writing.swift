internal import JSON

extension StoredAdapter {
  /// Writes `adapter_model.safetensors` and `adapter_config.json` into a folder.
  ///
  /// Each file is replaced atomically, the configuration last; what PEFT would not load is refused
  /// before anything is written.
  ///
  /// - Throws: `ModelFileError` when the adapter contradicts itself or cannot be written.
  package func write(to folder: String) throws(ModelFileError) {
    try check(file: folder)
    try AtomicFile.makeFolder(folder)
    try SafetensorsWriter.write(tensors, to: folder + "/adapter_model.safetensors")
    try AtomicFile.write(configuration.pretty + "\n", to: folder + "/adapter_config.json")
  }

  private var configuration: JSONValue {
    let isScoring = description.task == .sequenceClassification
    // A whole alpha is written as an integer, as PEFT does.
    let alpha = Int(exactly: description.alpha).map(JSONValue.integer)
    return .object([
      JSONMember("alpha_pattern", .object([])),
      JSONMember("auto_mapping", .null),
      JSONMember("base_model_name_or_path", .string(description.baseModel)),
      JSONMember("bias", .string("none")),
      JSONMember("fan_in_fan_out", .bool(description.fanInFanOut)),
      JSONMember("inference_mode", .bool(true)),
      JSONMember("init_lora_weights", .bool(true)),
      JSONMember(
        "layers_to_transform",
        description.layers.map { .array($0.map { .integer($0) }) } ?? .null
      ),
      JSONMember("lora_alpha", alpha ?? .number(description.alpha)),
      JSONMember("lora_dropout", .number(0)),
      JSONMember(
        "modules_to_save",
        isScoring ? .array([.string("classifier"), .string("score")]) : .null
      ),
      JSONMember("peft_type", .string("LORA")),
      JSONMember("r", .integer(description.rank)),
      JSONMember("rank_pattern", .object([])),
      JSONMember(
        "target_modules",
        .array(description.targetModules.sorted().map { .string($0) })
      ),
      JSONMember("task_type", .string(description.task.rawValue)),
      JSONMember("use_dora", .bool(false)),
      JSONMember("use_rslora", .bool(description.usesRankStabilizedScale)),
    ])
  }
}
