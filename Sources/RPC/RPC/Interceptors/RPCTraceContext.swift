/// Where in a trace a task is: W3C Trace Context, `traceparent` and `tracestate`.
///
/// `RPCTracingInterceptor` reads it from incoming calls, keeps it in `current` while the handler runs,
/// and writes it to the calls that the handler makes.
public struct RPCTraceContext: Sendable, Hashable {
  /// 32 hexadecimal digits, not all zero; the same for all that belongs to one trace.
  public let traceID: String
  /// 16 hexadecimal digits, not all zero.
  public let spanID: String
  /// Bit 0: the trace is recorded.
  public let flags: UInt8
  /// What tracing systems along the way added; passed on untouched.
  public let state: String

  /// The context of the task that asks; nil outside of traced calls.
  @TaskLocal public static var current: RPCTraceContext?

  /// The metadata keys.
  static let parentKey = "traceparent"
  static let stateKey = "tracestate"

  /// Reads the value of `traceparent`; nil when it is not one, as the standard wants.
  public init?(traceparent: String, tracestate: String = "") {
    let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, RPCTraceContext.isHex(parts[0], count: 2), parts[0] != "ff",
      // Later versions may add parts; version 0 has exactly four.
      parts[0] != "00" || parts.count == 4,
      RPCTraceContext.isHex(parts[1], count: 32), parts[1].contains(where: { $0 != "0" }),
      RPCTraceContext.isHex(parts[2], count: 16), parts[2].contains(where: { $0 != "0" }),
      RPCTraceContext.isHex(parts[3], count: 2), let flags = UInt8(parts[3], radix: 16)
    else { return nil }
    traceID = String(parts[1])
    spanID = String(parts[2])
    self.flags = flags
    state = tracestate.utf8.count <= 512 ? tracestate : ""
  }

  /// A new trace.
  public static func root() -> RPCTraceContext {
    RPCTraceContext(traceID: randomHex(words: 2), spanID: randomHex(words: 1), flags: 1, state: "")
  }

  /// The next span of the same trace.
  public func child() -> RPCTraceContext {
    RPCTraceContext(
      traceID: traceID,
      spanID: RPCTraceContext.randomHex(words: 1),
      flags: flags,
      state: state
    )
  }

  /// As it travels.
  public var traceparent: String {
    let digits = String(flags, radix: 16)
    return "00-\(traceID)-\(spanID)-\(digits.count == 1 ? "0" : "")\(digits)"
  }

  private init(traceID: String, spanID: String, flags: UInt8, state: String) {
    self.traceID = traceID
    self.spanID = spanID
    self.flags = flags
    self.state = state
  }

  private static func isHex(_ text: Substring, count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
      }
  }

  private static func randomHex(words: Int) -> String {
    (0..<words).map { _ in
      let digits = String(UInt64.random(in: 1...UInt64.max), radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
