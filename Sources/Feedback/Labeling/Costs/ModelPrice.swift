/// What a model costs, for a million tokens of each kind.
package struct ModelPrice: Sendable, Equatable {
  /// A prompt token.
  package var input: Money
  /// A prompt token that the endpoint had in its cache.
  package var cachedInput: Money
  /// A token of an answer.
  package var output: Money
  /// Fraction of the price that a request of a batch costs.
  package var batchFraction: Double

  /// For endpoints that cost nothing.
  package static let free = ModelPrice(input: .zero, cachedInput: .zero, output: .zero)

  /// Creates a price from amounts for one token.
  package init(input: Money, cachedInput: Money, output: Money, batchFraction: Double = 1) {
    self.input = input
    self.cachedInput = cachedInput
    self.output = output
    self.batchFraction = batchFraction
  }

  /// Creates a price from dollars for a million tokens; nil when one is no amount of money.
  package init?(
    inputPerMillion: Double,
    cachedInputPerMillion: Double? = nil,
    outputPerMillion: Double,
    batchFraction: Double = 1
  ) {
    guard let input = Money(dollars: inputPerMillion / 1e6),
      let cached = Money(dollars: (cachedInputPerMillion ?? inputPerMillion) / 1e6),
      let output = Money(dollars: outputPerMillion / 1e6)
    else { return nil }
    self.init(input: input, cachedInput: cached, output: output, batchFraction: batchFraction)
  }

  /// What tokens cost.
  package func cost(of usage: TokenUsage, isBatch: Bool = false) -> Money {
    let full =
      input * (usage.promptCount - usage.cachedPromptCount)
      + cachedInput * usage.cachedPromptCount + output * usage.completionCount
    guard isBatch, batchFraction < 1 else { return full }
    return Money(picodollars: Int64((Double(full.picodollars) * batchFraction).rounded(.up)))
  }

  /// The most that a request may cost: no token is cached.
  package func worst(_ bound: TokenBound, isBatch: Bool = false) -> Money {
    let dearest = ModelPrice(
      input: max(input, cachedInput),
      cachedInput: max(input, cachedInput),
      output: output,
      batchFraction: batchFraction
    )
    return dearest.cost(of: bound.worst, isBatch: isBatch)
  }
}
