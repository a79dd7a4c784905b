internal import Hashing
internal import Scalarization

/// A scalarization as the contract describes it: a principle's statistics may be left open, and then
/// come with each request.
struct ScalarizationFunction: Sendable, Equatable, Codable {
  /// Frozen statistics of one principle's scores.
  struct Normaliser: Sendable, Equatable, Codable {
    var mean: Double
    var standardDeviation: Double
  }

  /// One principle that counts.
  struct Principle: Sendable, Equatable, Codable {
    var id: String
    var weight: Double
    var normaliser: Normaliser?
  }

  let method: ScalarizationMethod
  let principles: [Principle]
  let temperature: Double
  let varianceWeight: Double
  let quantile: Double
  let nashLink: NashLink

  /// Checks the function.
  ///
  /// - Throws: `ScalarizerServiceError` naming the principle or parameter that is refused.
  init(
    method: ScalarizationMethod,
    principles: [Principle],
    parameters: ScalarizationParameters
  ) throws(ScalarizerServiceError) {
    self.method = method
    self.principles = principles
    temperature = parameters.temperature
    varianceWeight = parameters.varianceWeight
    quantile = parameters.quantile
    nashLink = parameters.nashLink
    try checkSizes()
    let open = Normaliser(mean: 0, standardDeviation: 1)
    _ = try resolved(with: Dictionary(principles.map { ($0.id, open) }) { first, _ in first })
  }

  /// Largest size of a number: products of a few of them and of any score stay finite.
  static let sizeMax = 1e9
  /// Smallest size of what is divided by.
  static let divisorMin = 1e-9

  private func checkSizes() throws(ScalarizerServiceError) {
    var numbers = [("tau", temperature), ("variance_penalty.lambda", varianceWeight)]
    var divisors = [("tau", temperature)]
    for principle in principles {
      numbers.append(("weights.\(principle.id)", principle.weight))
      guard let normaliser = principle.normaliser else { continue }
      let deviation = "weights.\(principle.id).normaliser.standard_deviation"
      numbers.append(("weights.\(principle.id).normaliser.mean", normaliser.mean))
      numbers.append((deviation, normaliser.standardDeviation))
      divisors.append((deviation, normaliser.standardDeviation))
    }
    for (field, value) in numbers where abs(value) > Self.sizeMax {
      throw .outOfRange(field: field, value: value, limit: "at most \(Self.sizeMax) in size")
    }
    for (field, value) in divisors where value > 0 && value < Self.divisorMin {
      throw .outOfRange(field: field, value: value, limit: "at least \(Self.divisorMin)")
    }
  }

  /// SHA-256 of everything that influences a reward apart from the request, 64 hexadecimal digits.
  ///
  /// Numbers enter by their bit patterns, so two functions share a hash only if they give the same
  /// rewards bit for bit.
  var contentHash: String {
    var text = "morlaif.v1.ScalarizationConfiguration/1\n\(method.rawValue)\n\(nashLink.rawValue)\n"
    for dial in [temperature, varianceWeight, quantile] { text += "\(dial.bitPattern)\n" }
    for principle in principles {
      text += "\(principle.id.utf8.count):\(principle.id) \(principle.weight.bitPattern)"
      if let normaliser = principle.normaliser {
        text += " \(normaliser.mean.bitPattern) \(normaliser.standardDeviation.bitPattern)"
      }
      text += "\n"
    }
    return SHA256.hexDigest(of: text)
  }

  /// The function with every principle's statistics.
  ///
  /// `statistics` are those of the request, for the principles that have none of their own.
  func resolved(
    with statistics: [String: Normaliser]
  ) throws(ScalarizerServiceError) -> Scalarization.ScalarizationConfiguration {
    var list: [Scalarization.PrincipleWeight] = []
    for principle in principles {
      guard let found = principle.normaliser ?? statistics[principle.id] else {
        throw .missingNormaliser(principle: principle.id)
      }
      list.append(
        Scalarization.PrincipleWeight(
          id: principle.id,
          weight: principle.weight,
          mean: found.mean,
          standardDeviation: found.standardDeviation
        )
      )
    }
    do {
      return try Scalarization.ScalarizationConfiguration(
        method: method,
        principles: list,
        parameters: ScalarizationParameters(
          temperature: temperature,
          varianceWeight: varianceWeight,
          quantile: quantile,
          nashLink: nashLink
        )
      )
    } catch {
      throw .refused(error)
    }
  }
}
