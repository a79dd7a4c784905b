import Foundation
import ServiceKit
import Synchronization
import Testing

@Suite struct WorkTests {
  /// A gate that work waits at until the test opens it.
  private final class Gate: Sendable {
    private let log = EventLog<Void>()
    func open() { log.finish() }
    func wait() async throws { try await log.waitUntilFinished() }
  }

  @Test func `all work runs on one thread of its own, across its awaits`() async throws {
    let thread = WorkThread(name: "work", waitingMax: 64)
    let other = WorkThread(name: "other", waitingMax: 64)
    let seen = try await withThrowingTaskGroup(of: Set<UInt>.self) { group in
      for _ in 0..<32 {
        group.addTask {
          try await thread.perform {
            let before = currentThread()
            await Task.yield()
            return [before, currentThread()]
          }
        }
      }
      var all: Set<UInt> = []
      for try await threads in group { all.formUnion(threads) }
      return all
    }
    #expect(seen.count == 1)
    let elsewhere = try await other.perform { currentThread() }
    #expect(!seen.contains(elsewhere))
  }

  @Test func `more work than the queue holds is refused`() async throws {
    let thread = WorkThread(name: "work", waitingMax: 1)
    let gate = Gate()
    let started = Gate()
    async let first: Void = thread.perform {
      started.open()
      try await gate.wait()
    }
    try await started.wait()
    await #expect(throws: ServiceKitError.queueFull(queue: "work", lengthMax: 1)) {
      try await thread.perform {}
    }
    gate.open()
    try await first
    try await thread.perform {}
    #expect(thread.waitingCount == 0)
  }

  @Test func `what work throws reaches its caller`() async {
    let thread = WorkThread(name: "work", waitingMax: 1)
    await #expect(throws: ServiceKitError.stopping) {
      try await thread.perform { throw ServiceKitError.stopping }
    }
  }

  @Test func `every listener of a log reads all events`() async throws {
    let log = EventLog<Int>()
    log.append(1)
    async let live = collect(log)
    log.append(2)
    log.finish()
    log.append(3)
    #expect(try await live == [1, 2])
    #expect(try await collect(log) == [1, 2])
  }

  @Test func `a listener that is cancelled stops waiting`() async {
    let log = EventLog<Int>()
    let listener = Task { try await collect(log) }
    listener.cancel()
    await #expect(throws: CancellationError.self) { try await listener.value }
  }

  @Test func `one job runs at a time and outlives its listeners`() async throws {
    let gate = Gate()
    let runner = JobRunner<Int>(requestStop: {})
    let job = try runner.start(id: "a") { log in
      log.append(1)
      try? await gate.wait()
      log.append(2)
    }
    #expect(runner.runningID == "a")
    #expect(throws: ServiceKitError.jobRunning(id: "a")) { try runner.start(id: "b") { _ in } }
    let listener = Task { try await collect(job.events) }
    listener.cancel()
    _ = await listener.result
    gate.open()
    #expect(try await collect(job.events) == [1, 2])
    #expect(runner.runningID == nil)
    try runner.start(id: "b") { _ in }
    #expect(runner.latest?.id == "b")
  }

  private func collect(_ log: EventLog<Int>) async throws -> [Int] {
    var events: [Int] = []
    try await log.forEach { events.append($0) }
    return events
  }
}

private func currentThread() -> UInt {
  UInt(pthread_self())
}
