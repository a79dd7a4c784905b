internal import Messages
internal import Scalarization
internal import ServiceKit

extension ScalarizationFunction {
  /// Most bytes of a comment that is kept.
  static let commentBytesMax = 4096

  /// Reads and checks the contract's form.
  init(_ message: Messages.ScalarizationConfiguration) throws {
    var parameters = ScalarizationParameters()
    if message.tau != 0 { parameters.temperature = message.tau }
    if let penalty = message.variancePenalty { parameters.varianceWeight = penalty.lambda }
    if message.quantile != 0 { parameters.quantile = message.quantile }
    parameters.nashLink = try Self.link(message.nashLink)
    try self.init(
      method: Self.method(message.method),
      principles: message.weights.map { weight in
        Principle(
          id: try MessageChecks.identifier(weight.principleID, "weights.principle_id"),
          weight: weight.weight,
          normaliser: weight.normaliser.map {
            Normaliser(mean: $0.mean, standardDeviation: $0.standardDeviation)
          }
        )
      },
      parameters: parameters
    )
  }

  /// The contract's form, with every default written out.
  var message: Messages.ScalarizationConfiguration {
    Messages.ScalarizationConfiguration(
      method: methodMessage,
      weights: principles.map { principle in
        Messages.PrincipleWeight(
          principleID: principle.id,
          weight: principle.weight,
          normaliser: principle.normaliser.map {
            Messages.Normaliser(mean: $0.mean, standardDeviation: $0.standardDeviation)
          }
        )
      },
      tau: temperature,
      variancePenalty: Messages.VariancePenalty(lambda: varianceWeight),
      quantile: quantile,
      nashLink: nashLink == .sigmoid ? .sigmoid : .softplus
    )
  }

  private static func method(
    _ message: Messages.ScalarizationMethod
  ) throws(ScalarizerServiceError) -> Scalarization.ScalarizationMethod {
    switch message {
    case .linear: .linear
    case .maxmin: .maxMin
    case .softminLse: .softMinLogSumExp
    case .softminBoltzmann: .softMinBoltzmann
    case .uncertaintyWeighted: .uncertaintyWeighted
    case .lowerQuantile: .lowerQuantile
    case .median: .median
    case .nash: .nash
    case .unspecified, .unrecognized:
      throw .unknownChoice(field: "method", value: message.rawValue)
    }
  }

  private var methodMessage: Messages.ScalarizationMethod {
    switch method {
    // Leaving principles out is weight 0 in the contract, so both linear rules are one.
    case .linear, .zeroedLinear: .linear
    case .maxMin: .maxmin
    case .softMinLogSumExp: .softminLse
    case .softMinBoltzmann: .softminBoltzmann
    case .uncertaintyWeighted: .uncertaintyWeighted
    case .lowerQuantile: .lowerQuantile
    case .median: .median
    case .nash: .nash
    }
  }

  private static func link(
    _ message: Messages.NashLink
  ) throws(ScalarizerServiceError) -> Scalarization.NashLink {
    switch message {
    case .unspecified, .sigmoid: .sigmoid
    case .softplus: .softplus
    case .unrecognized: throw .unknownChoice(field: "nash_link", value: message.rawValue)
    }
  }
}

extension ConfigurationRecord {
  /// The entry of the history as the contract lists it.
  var message: Messages.ConfigurationVersion {
    Messages.ConfigurationVersion(
      configurationVersion: version,
      configurationHash: hash,
      createdAt: createdAt,
      comment: comment
    )
  }
}
