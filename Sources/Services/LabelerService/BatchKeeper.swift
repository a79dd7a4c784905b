internal import Labeling
internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Looks after all batches until the labeler stops: at once when one was handed over, and now and then.
final class BatchKeeper: Service {
  private let desks: [BatchDesk]
  private let pause: Duration
  private let logger: Logger
  private let wakes: AsyncStream<Void>
  private let wakeUp: AsyncStream<Void>.Continuation

  /// Creates a keeper that looks every `pause` while something is unfinished.
  init(_ desks: [BatchDesk], pause: Duration, logger: Logger) {
    self.desks = desks
    self.pause = pause
    self.logger = logger
    (wakes, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    // Batches of an earlier life.
    wakeUp.yield()
  }

  /// Says that there is something new to look after.
  func wake() { wakeUp.yield() }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in self.wakes {
        while await self.look() {
          do { try await Task.sleep(for: self.pause) } catch { return }
        }
      }
    }
  }

  /// Takes every batch one step on and tells whether one is unfinished.
  private func look() async -> Bool {
    var isUnfinished = false
    for desk in desks {
      do {
        if try await desk.advance() { isUnfinished = true }
      } catch {
        logger.error("batches could not be looked after", metadata: ["reason": "\(error)"])
        isUnfinished = true
      }
    }
    return isUnfinished && !Task.isCancelled
  }
}
