import RPCWire
import Testing

/// Silence on a connection, second by second on a clock of the test's own.
@Suite
struct KeepAliveTests {
  private let second: UInt64 = 1_000_000_000
  private var keepAlive = KeepAlive(interval: 20_000_000_000, now: 0)

  @Test mutating func `W34: twenty seconds of silence send one PING, twenty more end it`() {
    var pings: [UInt64] = []
    var deaths: [UInt64] = []
    for now in UInt64(0)...40 where deaths.isEmpty {
      switch keepAlive.check(now: now * second) {
      case .wait: break
      case .ping: pings.append(now)
      case .dead: deaths.append(now)
      }
    }
    #expect(pings == [20])
    #expect(deaths == [40])
  }

  @Test mutating func `W34: the instants it asks for are enough`() {
    #expect(keepAlive.check(now: 0) == .wait(until: 20 * second))
    #expect(keepAlive.check(now: 20 * second) == .ping(until: 40 * second))
    #expect(keepAlive.check(now: 40 * second - 1) == .wait(until: 40 * second))
    #expect(keepAlive.check(now: 40 * second) == .dead)
  }

  @Test mutating func `W34: anything that comes puts it off`() {
    keepAlive.received(now: 19 * second)
    #expect(keepAlive.check(now: 20 * second) == .wait(until: 39 * second))
    #expect(keepAlive.check(now: 39 * second) == .ping(until: 59 * second))
    keepAlive.received(now: 58 * second)
    #expect(keepAlive.check(now: 59 * second) == .wait(until: 78 * second))
    #expect(keepAlive.check(now: 78 * second) == .ping(until: 98 * second))
  }

  @Test func `W34: the end of time is no end`() {
    var late = KeepAlive(interval: 20 * second, now: .max - 5)
    #expect(late.check(now: .max) == .wait(until: .max))
  }
}
