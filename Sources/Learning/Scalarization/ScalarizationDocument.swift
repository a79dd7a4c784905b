/// The shape of a configuration in YAML and JSON files.
///
/// Principles are either a list, whose order is kept, or a mapping of id to weight, which is read
/// in order of id because mappings have no order:
///
/// ```yaml
/// method: linear            # see ScalarizationMethod
/// weights: {conciseness: 1, relevance: 1.5}
/// normaliser: {conciseness: {mean: 0.1, std: 2}}   # optional, default mean 0 std 1
/// parameters: {tau: 1, lambda: 0.5, quantile: 0.33, nash_link: sigmoid}   # optional
/// mask: []                  # optional
/// ```
package struct ScalarizationDocument: Sendable, Equatable, Codable {
  /// One entry of the list form.
  package struct Principle: Sendable, Equatable, Codable {
    /// The principle's id.
    package var id: String
    /// Linear weight, default one.
    package var weight: Double?
    /// Frozen mean of the raw scores.
    package var mean: Double?
    /// Frozen standard deviation of the raw scores.
    package var std: Double?
  }

  /// Frozen statistics of one principle.
  package struct Statistics: Sendable, Equatable, Codable {
    /// Mean of the raw scores.
    package var mean: Double
    /// Standard deviation of the raw scores.
    package var std: Double
  }

  /// The dials, each optional.
  package struct Parameters: Sendable, Equatable, Codable {
    /// Softness of the soft minima.
    package var tau: Double?
    /// Weight of the variance.
    package var lambda: Double?
    /// Share of principles that the lower quantile averages.
    package var quantile: Double?
    /// Link of the Nash rule.
    package var nashLink: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case tau
      case lambda
      case quantile
      case nashLink = "nash_link"
    }
  }

  /// Name of the rule, default linear.
  package var method: String?
  /// List form, in explicit order.
  package var principles: [Principle]?
  /// Mapping form, id to weight.
  package var weights: [String: Double]?
  /// Frozen statistics by id.
  package var normaliser: [String: Statistics]?
  /// The dials.
  package var parameters: Parameters?
  /// Ids left out of the reward.
  package var mask: [String]?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case method
    case principles
    case weights
    case normaliser
    case parameters
    case mask
  }

  /// Writes a configuration in the list form.
  package init(_ configuration: ScalarizationConfiguration) {
    method = configuration.method.rawValue
    principles = configuration.principles.map {
      Principle(id: $0.id, weight: $0.weight, mean: $0.mean, std: $0.standardDeviation)
    }
    let dials = configuration.parameters
    parameters = Parameters(
      tau: dials.temperature,
      lambda: dials.varianceWeight,
      quantile: dials.quantile,
      nashLink: dials.nashLink.rawValue
    )
    mask = configuration.mask
  }

  /// Reads a document and refuses keys that nothing reads, so a misspelling cannot pass.
  package init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: AnyKey.self)
    try Self.refuseUnknown(keys.allKeys, known: CodingKeys.allCases.map(\.rawValue))
    let container = try decoder.container(keyedBy: CodingKeys.self)
    method = try container.decodeIfPresent(String.self, forKey: .method)
    principles = try container.decodeIfPresent([Principle].self, forKey: .principles)
    weights = try container.decodeIfPresent([String: Double].self, forKey: .weights)
    normaliser = try container.decodeIfPresent([String: Statistics].self, forKey: .normaliser)
    mask = try container.decodeIfPresent([String].self, forKey: .mask)
    if container.contains(.parameters) {
      let dials = try container.nestedContainer(keyedBy: AnyKey.self, forKey: .parameters)
      try Self.refuseUnknown(
        dials.allKeys,
        known: Parameters.CodingKeys.allCases.map(\.rawValue)
      )
    }
    parameters = try container.decodeIfPresent(Parameters.self, forKey: .parameters)
  }

  /// Checks the document and makes the configuration it describes.
  ///
  /// - Throws: `ScalarizationError` naming the key, principle or value that is refused.
  package func configuration() throws(ScalarizationError) -> ScalarizationConfiguration {
    if principles != nil && weights != nil { throw .conflictingKeys("principles", "weights") }
    let name = method ?? ScalarizationMethod.linear.rawValue
    guard let rule = ScalarizationMethod(name: name) else { throw .unknownMethod(name) }
    var list: [PrincipleWeight] = []
    for entry in principles ?? [] {
      list.append(
        PrincipleWeight(
          id: entry.id,
          weight: entry.weight ?? 1,
          mean: entry.mean ?? 0,
          standardDeviation: entry.std ?? 1
        )
      )
    }
    for (id, weight) in (weights ?? [:]).sorted(by: { $0.key < $1.key }) {
      list.append(PrincipleWeight(id: id, weight: weight))
    }
    let base = try ScalarizationConfiguration(
      method: rule,
      principles: list,
      parameters: try dials(),
      mask: mask ?? []
    )
    return try base.normalised(
      by: (normaliser ?? [:]).mapValues { (mean: $0.mean, standardDeviation: $0.std) }
    )
  }

  private func dials() throws(ScalarizationError) -> ScalarizationParameters {
    var result = ScalarizationParameters()
    result.temperature = parameters?.tau ?? result.temperature
    result.varianceWeight = parameters?.lambda ?? result.varianceWeight
    result.quantile = parameters?.quantile ?? result.quantile
    if let name = parameters?.nashLink {
      guard let link = NashLink(rawValue: name) else { throw .unknownNashLink(name) }
      result.nashLink = link
    }
    return result
  }

  private static func refuseUnknown(
    _ keys: [AnyKey],
    known: [String]
  ) throws(ScalarizationError) {
    for key in keys where !known.contains(key.stringValue) {
      throw .unknownKey(key.stringValue, known: known)
    }
  }
}

/// A coding key of any name, used to list the keys that a file really has.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) {
    self.stringValue = stringValue
    intValue = nil
  }

  init?(intValue: Int) {
    stringValue = "\(intValue)"
    self.intValue = intValue
  }
}

extension ScalarizationConfiguration: Codable {
  /// Reads the document form and checks it.
  package init(from decoder: any Decoder) throws {
    self = try ScalarizationDocument(from: decoder).configuration()
  }

  /// Writes the document form with the principles as a list.
  package func encode(to encoder: any Encoder) throws {
    try ScalarizationDocument(self).encode(to: encoder)
  }
}
