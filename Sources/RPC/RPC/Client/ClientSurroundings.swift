internal import Glibc
internal import NIOCore
package import NIOPosix
internal import Synchronization

/// Time, chance and names as a client meets them; tests bring their own.
package struct ClientSurroundings: Sendable {
  /// Measures and waits.
  package var timer: any ClientTimer
  /// Spreads pauses.
  package var random: ClientRandom
  /// Finds all addresses of a name, on any thread, and calls back once.
  package var resolve:
    @Sendable (RPCTarget, @escaping @Sendable (Result<[String], RPCError>) -> Void) -> Void
  /// Finds the addresses to try for a name that is one endpoint; nil asks the system.
  package var resolver: (any Resolver & Sendable)?

  /// States all.
  package init(
    timer: any ClientTimer,
    random: ClientRandom,
    resolve:
      @escaping @Sendable (RPCTarget, @escaping @Sendable (Result<[String], RPCError>) -> Void) ->
      Void
  ) {
    self.timer = timer
    self.random = random
    self.resolve = resolve
  }

  /// The machine's clock, generator and resolver.
  package static var system: ClientSurroundings {
    ClientSurroundings(
      timer: LoopTimer(),
      random: ClientRandom(SystemRandomNumberGenerator()),
      resolve: { target, done in
        NIOThreadPool.singleton.submit { _ in done(systemAddresses(of: target)) }
      }
    )
  }

  /// All addresses of a name as the C library finds them; blocks.
  private static func systemAddresses(of target: RPCTarget) -> Result<[String], RPCError> {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(target.host, nil, &hints, &list)
    defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
    guard status == 0 else {
      let reason = unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "\(status)"
      return .failure(
        RPCError(code: .unavailable, message: "cannot resolve \(target.host): \(reason)")
      )
    }
    var addresses: [String] = []
    var next = unsafe list
    while let entry = unsafe next {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let named = unsafe getnameinfo(
        entry.pointee.ai_addr,
        entry.pointee.ai_addrlen,
        &text,
        socklen_t(text.count),
        nil,
        0,
        NI_NUMERICHOST
      )
      let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
      if named == 0, !addresses.contains(address) { addresses.append(address) }
      unsafe next = unsafe entry.pointee.ai_next
    }
    return .success(addresses)
  }
}

/// Measures and waits for a client.
package protocol ClientTimer: Sendable {
  /// Time since a fixed moment.
  var now: Duration { get }

  /// Performs an operation after a pause, on any thread; returns what calls it off.
  func after(
    _ pause: Duration,
    _ operation: @escaping @Sendable () -> Void
  ) -> @Sendable () -> Void
}

extension ClientTimer {
  /// Waits.
  ///
  /// - Throws: `cancelled` when the task was cancelled.
  func wait(_ pause: Duration) async throws(RPCError) {
    let waiter = PauseWaiter()
    let isDone = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard waiter.set(continuation) else { return }
        waiter.onEnd(after(pause) { waiter.end(true) })
      }
    } onCancel: {
      waiter.end(false)
    }
    guard isDone else { throw ClientConnection.cancelled }
  }
}

/// One wait: resumed once, by the timer or by cancellation.
private final class PauseWaiter: Sendable {
  private struct State {
    var continuation: CheckedContinuation<Bool, Never>?
    var outcome: Bool?
    var callOff: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// Keeps who waits; false, with the answer given, when the end has come already.
  func set(_ continuation: CheckedContinuation<Bool, Never>) -> Bool {
    let outcome: Bool? = state.withLock { state in
      if state.outcome == nil { state.continuation = continuation }
      return state.outcome
    }
    if let outcome { continuation.resume(returning: outcome) }
    return outcome == nil
  }

  /// Keeps what calls the timer off.
  func onEnd(_ callOff: @escaping @Sendable () -> Void) {
    let isOver = state.withLock { state in
      if state.outcome == nil { state.callOff = callOff }
      return state.outcome != nil
    }
    if isOver { callOff() }
  }

  func end(_ outcome: Bool) {
    let (continuation, callOff) = state.withLock { state in
      guard state.outcome == nil else {
        return (CheckedContinuation<Bool, Never>?.none, (@Sendable () -> Void)?.none)
      }
      state.outcome = outcome
      defer {
        state.continuation = nil
        state.callOff = nil
      }
      return (state.continuation, state.callOff)
    }
    callOff?()
    continuation?.resume(returning: outcome)
  }
}

/// Waits on an event loop.
private struct LoopTimer: ClientTimer {
  private let start = ContinuousClock.now
  private let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()

  var now: Duration { ContinuousClock.now - start }

  func after(
    _ pause: Duration,
    _ operation: @escaping @Sendable () -> Void
  ) -> @Sendable () -> Void {
    let scheduled = loop.scheduleTask(in: TimeAmount(pause), operation)
    return { scheduled.cancel() }
  }
}

/// A generator that several threads may draw from.
package final class ClientRandom: Sendable {
  private let generator: Mutex<any RandomNumberGenerator & Sendable>

  /// Draws from a generator; a seeded one makes every pause known beforehand.
  package init(_ generator: any RandomNumberGenerator & Sendable) {
    self.generator = Mutex(generator)
  }

  /// A number from 0 to 1.
  package func unit() -> Double {
    let bits = generator.withLock { $0.next() }
    return Double(bits >> 11) / 9_007_199_254_740_992
  }
}
