import Foundation
import Labeling
import Synchronization
import Testing

@Suite struct RateLimiterTests {
  let clock = InstantClock()

  /// When each of many requests, one after the other, was let through, in seconds.
  func times(_ limiter: RateLimiter, count: Int, tokenCount: Int = 1) async throws -> [Double] {
    let start = clock.now
    var times: [Double] = []
    for _ in 0..<count {
      try await limiter.acquire(tokenCount: tokenCount)
      let passed = start.duration(to: clock.now).components
      times.append(Double(passed.seconds) + Double(passed.attoseconds) * 1e-18)
    }
    return times
  }

  /// The most requests in any sixty seconds.
  func busiestMinute(_ times: [Double]) -> Int {
    times.indices.map { first in times[first...].count { $0 < times[first] + 60 - 1e-6 } }.max()
      ?? 0
  }

  @Test(arguments: [1, 5, 60, 1000])
  func `no minute sees more requests than allowed, and most are used`(limit: Int) async throws {
    let limiter = RateLimiter(requestsPerMinute: limit, clock: clock)
    let times = try await times(limiter, count: limit * 5)
    #expect(busiestMinute(times) <= limit)
    #expect(try #require(times.last) <= 60 * 10)
  }

  @Test func `tokens are limited too, also for requests larger than a tenth of a minute`()
    async throws
  {
    let limiter = RateLimiter(tokensPerMinute: 1000, clock: clock)
    let times = try await times(limiter, count: 30, tokenCount: 300)
    // Nine tenths of the limit, 15 tokens a second: 20 s each.
    #expect((500...620).contains(try #require(times.last)))
  }

  @Test func `what an answer did not use is given back`() async throws {
    let limiter = RateLimiter(tokensPerMinute: 1000, clock: clock)
    for _ in 0..<50 {
      try await limiter.acquire(tokenCount: 100)
      limiter.correct(estimatedTokenCount: 100, usedTokenCount: 0)
    }
    #expect(clock.sleeps.isEmpty)
  }

  @Test func `a pause holds everybody, and they do not all go at its end`() async throws {
    let limiter = RateLimiter(requestsPerMinute: 60, clock: clock)
    limiter.pause(.seconds(100))
    let times = try await times(limiter, count: 120)
    #expect(try #require(times.first) == 100)
    #expect(busiestMinute(times) <= 60)
  }

  @Test(arguments: [
    ("6m0s", 360), ("17ms", 0.017), ("1h2m3.5s", 3723.5), ("12", 12), ("7.66s", 7.66),
    ("2015-10-21T07:28:30Z", 30),
  ])
  func `resets are read in every form`(text: String, seconds: Double) throws {
    let now = Date(timeIntervalSince1970: 1_445_412_480)
    let limits = RateLimits(
      headers: ["x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": text],
      now: now
    )
    let reset = try #require(limits.tokens).reset
    #expect(abs((reset - .seconds(seconds)) / .seconds(1)) < 1e-6)
    #expect(limits.pause(tokenCount: 5) == nil && limits.pause(tokenCount: 6) == reset)
  }

  @Test(arguments: ["soon", "", "5x", "-3s", "s"])
  func `an unreadable reset is ignored`(text: String) {
    let headers = ["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text]
    #expect(RateLimits(headers: headers, now: Date()).requests == nil)
  }
}
