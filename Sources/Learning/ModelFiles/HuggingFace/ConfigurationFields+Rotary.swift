internal import JSON

extension ConfigurationFields {
  /// The rotary settings, under either of the two names that they have had; as in `transformers`, the
  /// older one counts where a file has both.
  ///
  /// - Parameter kind: the layer type, where a family has settings for each.
  /// - Returns: The settings; null where the file has none.
  func rotary(_ kind: String? = nil) -> JSONValue {
    let all = json["rope_parameters"] ?? .null
    if let kind, let own = all[kind] { return own }
    let older = json["rope_scaling"] ?? .null
    return older == .null ? all : older
  }

  /// The base of the rotary frequencies.
  func rotaryBase(_ kind: String? = nil, default fallback: Double = 10_000) -> Double {
    rotary(kind)["rope_theta"]?.double ?? json["rope_theta"]?.double
      ?? json["rope_parameters"]?["rope_theta"]?.double ?? fallback
  }

  /// How the rotary frequencies are stretched.
  func rotaryScaling(_ kind: String? = nil) throws(ModelFileError) -> RotaryScaling {
    let rotary = rotary(kind)
    let share =
      rotary["partial_rotary_factor"]?.double ?? json["partial_rotary_factor"]?.double ?? 1
    guard share == 1 else {
      throw .unsupported(file: file, detail: "rotary over \(share) of a head's width")
    }
    let type = rotary["rope_type"]?.text ?? rotary["type"]?.text ?? "default"
    func number(_ key: String) throws(ModelFileError) -> Double {
      guard let value = rotary[key]?.double else {
        throw .malformed(file: file, detail: "rotary scaling \(type) without a number for \(key)")
      }
      return value
    }
    switch type {
    case "default": return .none
    case "linear": return .linear(factor: try number("factor"))
    case "llama3":
      let context = try number("original_max_position_embeddings")
      guard let context = Int(exactly: context) else {
        throw .malformed(file: file, detail: "original_max_position_embeddings is \(context)")
      }
      return .llama3(
        factor: try number("factor"),
        lowFactor: try number("low_freq_factor"),
        highFactor: try number("high_freq_factor"),
        originalContext: context
      )
    default:
      throw .unsupported(
        file: file,
        detail: "rotary scaling \(type); default, linear and llama3 are read"
      )
    }
  }
}

extension RotaryScaling {
  /// The settings as a `config.json` has them; `nil` where it has no place for them.
  func json(base: Double) -> JSONValue? {
    let theta = JSONMember("rope_theta", .number(base))
    switch self {
    case .none: return .object([theta, JSONMember("rope_type", .string("default"))])
    case .linear(let factor):
      return .object([
        theta, JSONMember("rope_type", .string("linear")), JSONMember("factor", .number(factor)),
      ])
    case .llama3(let factor, let low, let high, let context):
      return .object([
        theta, JSONMember("rope_type", .string("llama3")), JSONMember("factor", .number(factor)),
        JSONMember("low_freq_factor", .number(low)), JSONMember("high_freq_factor", .number(high)),
        JSONMember("original_max_position_embeddings", .integer(context)),
      ])
    case .divisors: return nil
    }
  }
}
