package import Messages
internal import ServiceKit

/// How scores become one reward; the weights stand with the principles.
package struct ScalarizerSection: Sendable, Equatable, Decodable {
  /// Which function.
  package var method: ScalarizationMethod
  /// Temperature of the soft minima, standard deviations; 0 means the service's default.
  package var tau: Double
  /// Variance penalty of `uncertainty_weighted`; nil means the service's default.
  package var variancePenalty: Double?
  /// Share of principles of `lower_quantile`; 0 means the service's default.
  package var quantile: Double
  /// The positive function of `nash`; unspecified leaves it to the service.
  package var nashLink: NashLink

  private enum Keys: String, CodingKey, CaseIterable {
    case method
    case tau
    case variancePenalty = "variance_penalty"
    case quantile
    case nashLink = "nash_link"
  }

  /// Methods by their names in a recipe.
  static let methods: [(name: String, method: ScalarizationMethod)] = [
    ("linear", .linear), ("maxmin", .maxmin), ("softmin_lse", .softminLse),
    ("softmin_boltzmann", .softminBoltzmann), ("uncertainty_weighted", .uncertaintyWeighted),
    ("lower_quantile", .lowerQuantile), ("median", .median), ("nash", .nash),
  ]
  private static let links: [(name: String, link: NashLink)] = [
    ("sigmoid", .sigmoid), ("softplus", .softplus),
  ]

  static let defaults = ScalarizerSection()

  init() {
    method = .linear
    tau = 0
    variancePenalty = nil
    quantile = 0
    nashLink = .unspecified
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let methodName = try values.value(.method, default: "linear")
    guard let method = Self.methods.first(where: { $0.name == methodName })?.method else {
      let names = Self.methods.map(\.name).joined(separator: ", ")
      throw values.refusal(.method, "'\(methodName)' is none of \(names)")
    }
    self.method = method
    tau = try values.number(.tau, default: 0, in: 0...1000)
    variancePenalty = try values.optional(.variancePenalty)
    if let variancePenalty, !(variancePenalty >= 0 && variancePenalty <= 1000) {
      throw values.refusal(.variancePenalty, "\(variancePenalty) is outside 0 to 1000")
    }
    quantile = try values.number(.quantile, default: 0, in: 0...1)
    let linkName = try values.value(.nashLink, default: "")
    if linkName.isEmpty {
      nashLink = .unspecified
    } else if let link = Self.links.first(where: { $0.name == linkName })?.link {
      nashLink = link
    } else {
      throw values.refusal(.nashLink, "'\(linkName)' is neither sigmoid nor softplus")
    }
  }

  /// The method's name in a recipe.
  package var methodName: String {
    Self.methods.first { $0.method == method }?.name ?? "linear"
  }

  /// The link's name in a recipe; empty when left to the service.
  package var nashLinkName: String {
    Self.links.first { $0.link == nashLink }?.name ?? ""
  }
}

extension Recipe {
  /// The scalarizer's configuration: the recipe's function and weights, normalised by the scores'
  /// own statistics.
  package var scalarization: ScalarizationConfiguration {
    ScalarizationConfiguration(
      method: scalarizer.method,
      weights: principles.map { PrincipleWeight(principleID: $0.id, weight: $0.weight) },
      tau: scalarizer.tau,
      variancePenalty: scalarizer.variancePenalty.map { VariancePenalty(lambda: $0) },
      quantile: scalarizer.quantile,
      nashLink: scalarizer.nashLink
    )
  }
}
