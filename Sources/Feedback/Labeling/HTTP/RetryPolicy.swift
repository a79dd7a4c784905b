package import Foundation

/// When and how long to wait before a request is sent again.
package struct RetryPolicy: Sendable, Equatable {
  /// How often a request is sent at most.
  package var attemptCountMax = 5
  /// The wait after the first failure; each further one is twice as long.
  package var firstDelay: Duration = .milliseconds(500)
  /// The longest wait, also when the server asks for more.
  package var delayMax: Duration = .seconds(60)

  /// Creates the default policy.
  package init() {}

  /// Whether a status may go away by itself (PEERS 3, item 26).
  package static func isTransient(status: Int) -> Bool {
    status == 408 || status == 429 || (500...599).contains(status)
  }

  /// The wait before attempt `attempt + 1`, or nil when the server wants a longer one than allowed.
  ///
  /// Without the server's word: half of `firstDelay · 2^(attempt-1)` plus up to the same by chance,
  /// so that many workers do not come back together.
  package func delay(
    afterAttempt attempt: Int,
    retryAfter: String?,
    now: Date,
    jitter: Double
  ) -> Duration? {
    if let retryAfter, let asked = Self.duration(ofRetryAfter: retryAfter, now: now) {
      return asked <= delayMax ? asked : nil
    }
    let doubled = firstDelay * Double(1 << min(max(attempt - 1, 0), 20))
    return min(doubled, delayMax) * (0.5 + 0.5 * jitter)
  }

  /// Reads `Retry-After`: seconds, or a date as HTTP writes it.
  static func duration(ofRetryAfter value: String, now: Date) -> Duration? {
    if let seconds = Double(value), seconds.isFinite {
      return .seconds(min(max(0, seconds), 1e6))
    }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    guard let date = formatter.date(from: value) else { return nil }
    return .seconds(min(max(0, date.timeIntervalSince(now)), 1e6))
  }
}
