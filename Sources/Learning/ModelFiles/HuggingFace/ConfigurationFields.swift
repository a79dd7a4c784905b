internal import JSON

/// Looks up typed fields of a `config.json`.
struct ConfigurationFields: Sendable {
  let file: String
  let json: JSONValue
  /// The `generation_config.json` beside it.
  let generation: JSONValue?

  func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
    let value = json[key] ?? .null
    if value == .null, let fallback { return fallback }
    guard let integer = value.whole else {
      throw .malformed(file: file, detail: "\(key) is missing or no integer")
    }
    return integer
  }

  /// An integer; `nil` where the file says null.
  func optionalInteger(
    _ key: String,
    whenAbsent absent: Int? = nil
  ) throws(ModelFileError) -> Int? {
    guard let value = json[key] else { return absent }
    return value == .null ? nil : try integer(key)
  }

  func number(_ key: String, default fallback: Double) throws(ModelFileError) -> Double {
    let value = json[key] ?? .null
    if value == .null { return fallback }
    guard let number = value.double else {
      throw .malformed(file: file, detail: "\(key) is no number")
    }
    return number
  }

  func flag(_ key: String, default fallback: Bool = false) -> Bool {
    json[key]?.truth ?? fallback
  }

  /// The ids of a field that holds one, several or none; those of the generation come first.
  func tokenIDs(_ key: String, includingGeneration: Bool = false) throws(ModelFileError) -> [Int32]
  {
    var ids: [Int32] = []
    for source in [includingGeneration ? generation ?? .null : .null, json] {
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

  /// For each layer whether it has the window: as the file lists them, else by a rule.
  func windowedLayers(
    _ isWindowed: (Int) -> Bool
  ) throws(ModelFileError) -> [Bool] {
    let count = try integer("num_hidden_layers")
    guard count >= 0, count <= 10_000 else {
      throw .malformed(file: file, detail: "num_hidden_layers is \(count)")
    }
    guard let kinds = json["layer_types"]?.elements else { return (0..<count).map(isWindowed) }
    guard kinds.count == count else {
      throw .malformed(file: file, detail: "layer_types names \(kinds.count) of \(count) layers")
    }
    var windowed: [Bool] = []
    for kind in kinds {
      switch kind.text {
      case "sliding_attention"?: windowed.append(true)
      case "full_attention"?: windowed.append(false)
      default:
        throw .unsupported(file: file, detail: "the layer type \(kind.text ?? "that is no text")")
      }
    }
    return windowed
  }

  /// Refuses activations that the family's arithmetic does not have.
  func expectActivation(
    _ known: [String],
    key: String = "hidden_act"
  ) throws(ModelFileError) {
    guard let activation = json[key]?.text, !known.contains(activation) else { return }
    throw .unsupported(
      file: file,
      detail: "the activation \(activation); \(known.joined(separator: " or ")) is read"
    )
  }

  /// Refuses a switch that would make another model.
  func refuse(_ key: String, when setting: Bool) throws(ModelFileError) {
    if json[key]?.truth == setting {
      throw .unsupported(file: file, detail: "\(key) is \(setting)")
    }
  }

  /// Refuses settings of any family that would silently make another model.
  func refuseWhatIsNotReproduced() throws(ModelFileError) {
    if let quantization = json["quantization_config"], quantization != .null {
      throw .unsupported(
        file: file,
        detail: "quantised weights in a folder; use plain weights or a GGUF file"
      )
    }
  }
}
