package import Foundation

/// What an endpoint says about how much more it takes, read from the headers of a response.
package struct RateLimits: Sendable, Equatable {
  /// What is left of one kind, and when all of it is back.
  package struct Allowance: Sendable, Equatable {
    /// How many more.
    package var remaining: Int
    /// Until all are back.
    package var reset: Duration
  }

  /// Requests.
  package var requests: Allowance?
  /// Tokens.
  package var tokens: Allowance?

  /// Reads `x-ratelimit-remaining-*` and `x-ratelimit-reset-*`; names are in lower case.
  package init(headers: [String: String], now: Date) {
    requests = Self.allowance("requests", headers, now)
    tokens = Self.allowance("tokens", headers, now)
  }

  /// How long to wait before another request of so many tokens; nil when it may go now.
  package func pause(tokenCount: Int) -> Duration? {
    var pause: Duration?
    if let requests, requests.remaining <= 0 { pause = requests.reset }
    if let tokens, tokens.remaining < tokenCount { pause = max(pause ?? .zero, tokens.reset) }
    return pause
  }

  private static func allowance(
    _ kind: String,
    _ headers: [String: String],
    _ now: Date
  ) -> Allowance? {
    guard let remaining = headers["x-ratelimit-remaining-\(kind)"].flatMap({ Int($0) }),
      let reset = headers["x-ratelimit-reset-\(kind)"].flatMap({ duration(of: $0, now: now) })
    else { return nil }
    return Allowance(remaining: remaining, reset: reset)
  }

  /// Reads "6m0s", "17ms", "1h2m3.5s", seconds, or a time as RFC 3339 writes it.
  static func duration(of text: String, now: Date) -> Duration? {
    if let date = try? Date(text, strategy: .iso8601) {
      return .seconds(min(max(0, date.timeIntervalSince(now)), 1e6))
    }
    var rest = text[...]
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      guard let value = Double(digits), value.isFinite else { return nil }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let seconds = ["h": 3600, "m": 60, "s": 1, "ms": 0.001, "": 1][String(unit)] else {
        return nil
      }
      total += value * seconds
    }
    return text.isEmpty ? nil : .seconds(min(total, 1e6))
  }
}
