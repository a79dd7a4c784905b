internal import GRDB
internal import Synchronization

/// Gathers the writes of many tasks into few transactions.
///
/// A commit waits for the disk, so with a thousand answers under way each would wait for all the
/// others: everything that arrives while a transaction is being written goes into the next one
/// together. A write that was handed over is done whatever becomes of the task that waits for it.
final class CommitQueue: Sendable {
  typealias Write = @Sendable (Database) throws -> Void

  private struct Item {
    var write: Write
    var continuation: CheckedContinuation<(any Error)?, Never>
  }

  private struct State {
    var items: [Item] = []
    var isWriting = false
  }

  private let database: DatabasePool
  private let state = Mutex(State())
  /// Most writes of one transaction.
  private static let itemCountMax = 512

  init(_ database: DatabasePool) { self.database = database }

  /// Runs a write in a transaction of its own or of others; durable when it returns.
  func commit<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    let result = Mutex<Value?>(nil)
    let error = await withCheckedContinuation { continuation in
      let item = Item(
        write: { db in
          let value = try body(db)
          result.withLock { $0 = value }
        },
        continuation: continuation
      )
      let isFirst = state.withLock { state in
        state.items.append(item)
        defer { state.isWriting = true }
        return !state.isWriting
      }
      if isFirst { Task { await self.drain() } }
    }
    if let error { throw error }
    guard let value = result.withLock({ $0 }) else { throw CancellationError() }
    return value
  }

  private func drain() async {
    while true {
      let batch = state.withLock { state -> [Item] in
        let batch = Array(state.items.prefix(Self.itemCountMax))
        state.items.removeFirst(batch.count)
        if batch.isEmpty { state.isWriting = false }
        return batch
      }
      if batch.isEmpty { return }
      let writes = batch.map(\.write)
      let errors: [(any Error)?]
      do {
        errors = try await database.write { db in try Self.run(writes, db) }
      } catch {
        errors = batch.map { _ in error }
      }
      for (item, error) in zip(batch, errors) { item.continuation.resume(returning: error) }
    }
  }

  /// Runs each write by itself: one that fails leaves nothing behind and the others stand.
  private static func run(_ writes: [Write], _ db: Database) throws -> [(any Error)?] {
    try writes.map { write in
      var failure: (any Error)?
      try db.inSavepoint {
        do {
          try write(db)
          return .commit
        } catch {
          failure = error
          return .rollback
        }
      }
      return failure
    }
  }
}
