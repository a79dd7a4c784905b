internal import Scalarization
package import ServiceKit

/// The configuration file of the scalarizer.
///
/// Besides the common sections it may have `initial`, the function that is in force before anyone
/// configured one; without it, `Scalarize` is refused until `Configure` was called.
package struct ScalarizerServiceConfiguration: ServiceConfiguration {
  /// The common sections.
  package var common: CommonConfiguration
  /// The function of version 1, when the history is empty.
  var initial: ScalarizationFunction?
  /// Limits of one request.
  package var limits: ScoreTable.Limits

  private enum Keys: String, CodingKey, CaseIterable {
    case initial
    case itemsMax = "items_max"
    case principlesMax = "principles_max"
  }

  /// Reads and checks the file.
  package init(from decoder: any Decoder) throws {
    common = try CommonConfiguration(from: decoder, besides: Keys.allCases.map(\.rawValue))
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: CommonConfiguration.keyNames
    )
    limits = ScoreTable.Limits(
      itemsMax: try values.number(.itemsMax, default: 65_536, in: 1...10_000_000),
      principlesMax: try values.number(.principlesMax, default: 1024, in: 1...65_536)
    )
    let section: InitialSection? = try values.optional(.initial)
    do {
      initial = try section?.function()
    } catch {
      throw values.refusal(.initial, error.description)
    }
  }
}

/// `initial {method, weights, normaliser, tau, lambda, quantile, nash_link}`.
private struct InitialSection: Decodable {
  private let method: String
  private let weights: [String: Double]
  private let normaliser: [String: NormaliserSection]
  private let tau: Double?
  private let lambda: Double?
  private let quantile: Double?
  private let nashLink: String?

  private enum Keys: String, CodingKey, CaseIterable {
    case method
    case weights
    case normaliser
    case tau
    case lambda
    case quantile
    case nashLink = "nash_link"
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    method = try values.text(.method, default: "linear")
    weights = try values.required(.weights)
    normaliser = try values.value(.normaliser, default: [:])
    tau = try values.optional(.tau)
    lambda = try values.optional(.lambda)
    quantile = try values.optional(.quantile)
    nashLink = try values.optional(.nashLink)
  }

  /// The function; principles are taken in order of their ids, because a mapping has no order.
  func function() throws(ScalarizerServiceError) -> ScalarizationFunction {
    guard let rule = ScalarizationMethod(name: method) else {
      throw .refused(.unknownMethod(method))
    }
    for id in normaliser.keys.sorted() where weights[id] == nil {
      throw .refused(.unknownPrinciple(id, known: weights.keys.sorted()))
    }
    var parameters = ScalarizationParameters()
    parameters.temperature = tau ?? parameters.temperature
    parameters.varianceWeight = lambda ?? parameters.varianceWeight
    parameters.quantile = quantile ?? parameters.quantile
    if let nashLink {
      guard let link = NashLink(rawValue: nashLink) else {
        throw .refused(.unknownNashLink(nashLink))
      }
      parameters.nashLink = link
    }
    return try ScalarizationFunction(
      method: rule,
      principles: weights.sorted { $0.key < $1.key }.map { id, weight in
        ScalarizationFunction.Principle(
          id: id,
          weight: weight,
          normaliser: normaliser[id].map { .init(mean: $0.mean, standardDeviation: $0.std) }
        )
      },
      parameters: parameters
    )
  }
}

/// `normaliser.PRINCIPLE {mean, std}`.
private struct NormaliserSection: Decodable {
  let mean: Double
  let std: Double

  private enum Keys: String, CodingKey, CaseIterable {
    case mean
    case std
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    mean = try values.required(.mean)
    std = try values.required(.std)
  }
}
