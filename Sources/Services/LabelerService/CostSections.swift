internal import Labeling
internal import ServiceKit

/// `prices.MODEL {input, output, …}`: dollars for a million tokens.
struct PriceSection: Sendable, Decodable {
  let price: ModelPrice

  private enum Keys: String, CodingKey, CaseIterable {
    case input
    case output
    case cachedInput = "cached_input"
    case batchFraction = "batch_fraction"
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let input: Double = try values.required(.input)
    let price = ModelPrice(
      inputPerMillion: input,
      cachedInputPerMillion: try values.value(.cachedInput, default: input),
      outputPerMillion: try values.required(.output),
      batchFraction: try values.number(.batchFraction, default: 0.5, in: 0...1)
    )
    guard let price else {
      throw values.refusal(.input, "is, with the other prices, no amount of money")
    }
    self.price = price
  }
}

/// `judges[].http.budget {max_cost, max_requests}`: what may be spent on a model in all.
struct BudgetSection: Sendable, Decodable {
  /// The most money.
  let costMax: Money?
  /// The most requests.
  let requestCountMax: Int?

  private enum Keys: String, CodingKey, CaseIterable {
    case costMax = "max_cost"
    case requestCountMax = "max_requests"
  }

  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    let dollars: Double? = try values.optional(.costMax)
    costMax = dollars.flatMap { Money(dollars: $0) }
    if let dollars, costMax == nil {
      throw values.refusal(.costMax, "\(dollars) is no amount of money")
    }
    requestCountMax = try values.optional(.requestCountMax)
    if let requestCountMax, requestCountMax < 0 {
      throw values.refusal(.requestCountMax, "\(requestCountMax) is negative")
    }
  }

  /// The budget of the judge that asks a model.
  func budget(ofModel model: String) -> Budget {
    Budget(
      .judge(HTTPJudge.id(ofModel: model)),
      costMax: costMax,
      requestCountMax: requestCountMax
    )
  }
}
