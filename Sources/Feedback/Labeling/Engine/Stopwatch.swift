/// Tells how much time a clock has counted since the stopwatch was made.
struct Stopwatch: Sendable {
  private let read: @Sendable () -> Duration

  /// Starts at zero.
  init(_ clock: any Clock<Duration>) { read = Self.reader(clock) }

  /// The time so far.
  var elapsed: Duration { read() }

  private static func reader<C: Clock>(_ clock: C) -> @Sendable () -> Duration
  where C.Duration == Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
