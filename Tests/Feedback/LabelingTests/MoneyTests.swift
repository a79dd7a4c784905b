import Labeling
import Testing

@Suite struct MoneyTests {
  @Test(arguments: [
    (0.0, "$0.00"), (1, "$1.00"), (0.15, "$0.15"), (12.3456789, "$12.345679"),
    (0.0000001, "$0.000001"), (1_000_000, "$1000000.00"),
  ])
  func `amounts read as dollars, rounded up to the millionth`(dollars: Double, text: String) throws
  {
    #expect(try #require(Money(dollars: dollars)).text == text)
  }

  @Test(arguments: [-1, .nan, .infinity, 1e10])
  func `what is no amount is refused`(dollars: Double) {
    #expect(Money(dollars: dollars) == nil)
  }

  @Test func `amounts stay at the ends instead of wrapping around`() {
    let most = Money(picodollars: .max)
    #expect(most + most == most && most * 7 == most && Money.zero - most == .zero)
  }

  @Test func `a million tokens cost the price, cached ones and batches less`() throws {
    let price = try #require(
      ModelPrice(
        inputPerMillion: 0.15,
        cachedInputPerMillion: 0.075,
        outputPerMillion: 0.6,
        batchFraction: 0.5
      )
    )
    let usage = TokenUsage(promptCount: 2_000_000, cachedPromptCount: 1_000_000)
    #expect(price.cost(of: usage) == Money(dollars: 0.225))
    #expect(price.cost(of: usage, isBatch: true) == Money(dollars: 0.1125))
    #expect(price.cost(of: TokenUsage(completionCount: 1_000_000)) == Money(dollars: 0.6))
  }

  @Test func `the worst case has a token for each byte and no cache`() throws {
    let bound = TokenBound([JudgeMessage(role: "user", content: "onions")], completionCountMax: 3)
    #expect(bound.worst == TokenUsage(promptCount: 6 + 32, completionCount: 3))
    let price = try #require(
      ModelPrice(inputPerMillion: 1, cachedInputPerMillion: 0.1, outputPerMillion: 10)
    )
    #expect(price.worst(bound) == Money(picodollars: (38 + 30) * 1_000_000))
  }
}
