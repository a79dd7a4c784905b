internal import NIOCore
internal import ProtobufRuntime
internal import RPCWire
internal import Synchronization

extension RPCClient {
  private enum HedgeEvent<Reply: Sendable>: Sendable {
    /// The pause after this many attempts is over.
    case paused(after: Int)
    /// `wasSent` is whether the attempt reached a server.
    case answered(Result<Reply, RPCError>, wasSent: Bool)
  }

  /// A read sent to one endpoint after the other, a pause apart, until the first answer.
  ///
  /// An attempt that fails in a way that allows a retry brings the next one forward (gRPC A6): at once
  /// when it can go to an endpoint that has not failed this call, else after the pause of a retry, so
  /// that one in trouble is never asked again without a pause (WIRE.md section 9). Any other failure is
  /// the answer. Attempts that lost are cancelled.
  func hedgedCall<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    _ options: RPCCallOptions,
    _ deadline: NIODeadline?,
    _ hedging: RPCHedgingPolicy
  ) async throws(RPCError) -> Reply {
    let tried = TriedEndpoints()
    let attempt: @Sendable () async -> HedgeEvent<Reply> = {
      await self.sendOnce(method, request, options, deadline, tried)
    }
    let policy = attempts(method, deadline).policy
    let result = await withTaskGroup(of: HedgeEvent<Reply>.self) { group in
      defer { group.cancelAll() }
      var sent = 0
      var running = 0
      var failures = 0
      var isNextDue = true
      while true {
        if isNextDue {
          isNextDue = false
          sent += 1
          running += 1
          group.addTask { await attempt() }
          if sent < hedging.attemptsMax {
            let count = sent
            group.addTask { await self.pause(hedging.delay, after: count) }
          }
        }
        switch await group.next() {
        case .paused(let count):
          // Unless a failure has brought the next attempt forward already.
          isNextDue = count == sent && (running == 0 || self.bucket.draw())
        case .answered(.success(let reply), _):
          self.bucket.succeeded()
          return Result<Reply, RPCError>.success(reply)
        case .answered(.failure(let error), let wasSent):
          running -= 1
          failures += 1
          guard RPCRetryPolicy.allows(method, error) else { return .failure(error) }
          // Who could not be reached at all is not burdened by the next attempt.
          let hasRoom = wasSent ? self.bucket.draw() : true
          guard sent < hedging.attemptsMax, hasRoom else {
            if running > 0 { continue }
            return .failure(error)
          }
          if wasSent, self.pool.hasReady(besides: tried.addresses) {
            isNextDue = true
          } else {
            let pause = policy.pause(
              afterFailures: failures,
              jitter: self.surroundings.random.unit()
            )
            let count = sent
            group.addTask { await self.pause(pause, after: count) }
          }
        case nil: return .failure(ClientConnection.cancelled)
        }
      }
    }
    return try result.get()
  }

  /// One attempt, at an endpoint that has not had one if there is any.
  private func sendOnce<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    _ options: RPCCallOptions,
    _ deadline: NIODeadline?,
    _ tried: TriedEndpoints
  ) async -> HedgeEvent<Reply> {
    let lease: EndpointPool.Lease
    do throws(RPCError) {
      lease = try await pool.lease(by: deadline, avoiding: tried.addresses)
    } catch {
      return .answered(.failure(error), wasSent: false)
    }
    defer { lease.end() }
    tried.add(lease.endpoint.address)
    do throws(RPCError) {
      let metadata = options.metadata.wireEntries
      let reply: Reply = try await send(method, request, metadata, deadline, lease.connection)
      return .answered(.success(reply), wasSent: true)
    } catch {
      return .answered(.failure(error), wasSent: true)
    }
  }

  private func pause<Reply: Sendable>(
    _ delay: Duration,
    after count: Int
  ) async -> HedgeEvent<Reply> {
    do throws(RPCError) {
      try await surroundings.timer.wait(delay)
      return .paused(after: count)
    } catch {
      return .answered(.failure(error), wasSent: false)
    }
  }
}

/// Where the attempts of one call have gone.
private final class TriedEndpoints: Sendable {
  private let state = Mutex<[EndpointAddress]>([])

  var addresses: [EndpointAddress] { state.withLock { $0 } }

  func add(_ address: EndpointAddress) { state.withLock { $0.append(address) } }
}
