internal import JSON

/// The ranks and scales of an adapter's maps, which `rank_pattern` and `alpha_pattern` may set apart.
///
/// - Source: `get_pattern_key` of PEFT: a key is a regular expression that must match the end of a
///   map's path, after a dot or from its beginning; the first that matches counts.
struct AdapterPatterns {
  /// The rank where no pattern matches.
  let rank: Int
  /// The numerator of the scale where no pattern matches.
  let alpha: Double
  /// Whether scales are `alpha / √rank` instead of `alpha / rank`.
  let usesRankStabilizedScale: Bool

  private var ranks: [(key: String, value: Int)] = []
  private var alphas: [(key: String, value: Double)] = []

  /// The largest rank that is read, so that no file asks for absurd memory.
  private static let rankMax = 8192

  /// Reads the fields of `adapter_config.json`.
  init(_ json: JSONValue, file: String) throws(ModelFileError) {
    guard let rank = json["r"]?.whole, let alpha = json["lora_alpha"]?.double, rank > 0,
      alpha.isFinite
    else { throw .malformed(file: file, detail: "r or lora_alpha is missing or makes no sense") }
    self.rank = rank
    self.alpha = alpha
    usesRankStabilizedScale = json["use_rslora"]?.truth ?? false
    for member in json["rank_pattern"]?.members ?? [] {
      guard let value = member.value.whole else {
        throw .malformed(file: file, detail: "rank_pattern \(member.name) is no rank")
      }
      ranks.append((member.name, value))
    }
    for member in json["alpha_pattern"]?.members ?? [] {
      guard let value = member.value.double, value.isFinite else {
        throw .malformed(file: file, detail: "alpha_pattern \(member.name) is no number")
      }
      alphas.append((member.name, value))
    }
    for rank in [rank] + ranks.map(\.value) where rank < 1 || rank > Self.rankMax {
      throw .malformed(file: file, detail: "the rank \(rank) is not within 1 to \(Self.rankMax)")
    }
    for key in ranks.map(\.key) + alphas.map(\.key) { _ = try Self.expression(key, file: file) }
  }

  /// The rank and the scale of a map.
  ///
  /// - Parameters:
  ///   - path: the map's path in the model, such as `model.layers.0.self_attn.q_proj`.
  ///   - file: the configuration, for messages.
  /// - Returns: the rank, and the factor of `B·A`.
  /// - Throws: `ModelFileError.unsupported` for a key that is no regular expression.
  func values(of path: String, file: String) throws(ModelFileError) -> (rank: Int, scale: Double) {
    var rank = rank
    var alpha = alpha
    for (key, value) in ranks where try Self.matches(key, path, file: file) {
      rank = value
      break
    }
    for (key, value) in alphas where try Self.matches(key, path, file: file) {
      alpha = value
      break
    }
    let divisor = usesRankStabilizedScale ? Double(rank).squareRoot() : Double(rank)
    return (rank, alpha / divisor)
  }

  private static func matches(
    _ key: String,
    _ path: String,
    file: String
  ) throws(ModelFileError) -> Bool {
    let expression = try expression(key, file: file)
    return (try? expression.wholeMatch(in: path)) ?? nil != nil
  }

  private static func expression(
    _ key: String,
    file: String
  ) throws(ModelFileError) -> Regex<AnyRegexOutput> {
    do {
      return try Regex("(?:.*\\.)?(?:\(key))")
    } catch {
      throw .unsupported(
        file: file,
        detail: "the pattern \(key) of ranks or alphas is not readable"
      )
    }
  }
}
