internal import NIOCore
internal import ProtobufRuntime
internal import RPCWire
internal import Synchronization

extension RPCClient {
  private enum HedgeEvent<Reply: Sendable>: Sendable {
    /// The pause after this many attempts is over.
    case paused(after: Int)
    case answered(Result<Reply, RPCError>)
  }

  /// A read sent to one endpoint after the other, a pause apart, until the first answer.
  ///
  /// An attempt that fails in a way that allows a retry brings the next one forward; any other
  /// failure is the answer. Attempts that lost are cancelled.
  func hedgedCall<Request: ProtobufMessage, Reply: ProtobufMessage>(
    _ method: RPCMethod,
    _ request: Request,
    _ options: RPCCallOptions,
    _ deadline: NIODeadline?,
    _ hedging: RPCHedgingPolicy
  ) async throws(RPCError) -> Reply {
    let metadata = options.metadata.wireEntries
    let tried = TriedEndpoints()
    let attempt: @Sendable () async -> HedgeEvent<Reply> = {
      do throws(RPCError) {
        let lease = try await self.pool.lease(by: deadline, avoiding: tried.addresses)
        defer { lease.end() }
        tried.add(lease.endpoint.address)
        return .answered(
          .success(try await self.send(method, request, metadata, deadline, lease.connection))
        )
      } catch {
        return .answered(.failure(error))
      }
    }
    let result = await withTaskGroup(of: HedgeEvent<Reply>.self) { group in
      defer { group.cancelAll() }
      var sent = 0
      var running = 0
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
          isNextDue = count == sent && self.bucket.draw()
        case .answered(.success(let reply)):
          self.bucket.succeeded()
          return Result<Reply, RPCError>.success(reply)
        case .answered(.failure(let error)):
          running -= 1
          guard RPCRetryPolicy.allows(method, error) else { return .failure(error) }
          isNextDue = sent < hedging.attemptsMax && self.bucket.draw()
          if !isNextDue, running <= 0 { return .failure(error) }
        case nil: return .failure(ClientConnection.cancelled)
        }
      }
    }
    return try result.get()
  }

  private func pause<Reply: Sendable>(
    _ delay: Duration,
    after count: Int
  ) async -> HedgeEvent<Reply> {
    do throws(RPCError) {
      try await surroundings.timer.wait(delay)
      return .paused(after: count)
    } catch {
      return .answered(.failure(error))
    }
  }
}

/// Where the attempts of one call have gone.
private final class TriedEndpoints: Sendable {
  private let state = Mutex<[EndpointAddress]>([])

  var addresses: [EndpointAddress] { state.withLock { $0 } }

  func add(_ address: EndpointAddress) { state.withLock { $0.append(address) } }
}
