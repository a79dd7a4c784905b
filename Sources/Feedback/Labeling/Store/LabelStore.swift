internal import Foundation
internal import GRDB
internal import Synchronization

/// The durable memory of a labeler: every verdict paid for, every pair and every label.
///
/// SQLite in WAL mode with `synchronous = FULL`: what a save has returned from survives the death of
/// the process and of the machine. One process at a time owns a store. Calls may come from any task.
package final class LabelStore: Sendable {
  /// Where the store lives.
  package let path: String
  let database: DatabasePool
  private let queue: CommitQueue
  private let lock: StoreLock

  /// Opens a store, making it or bringing its schema up to date as needed.
  ///
  /// - Throws: `LabelingError.store` when another process has the file open, when it is damaged or no
  ///   store, or when a newer version of this software wrote it.
  package init(path: String) throws(LabelingError) {
    self.path = path
    lock = try StoreLock(path: path)
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "label store"
      database = try DatabasePool(path: path, configuration: configuration)
      // GRDB sets synchronous = NORMAL when it turns WAL on, which may lose acknowledged labels
      // when the machine dies; FULL makes every commit wait for the disk.
      try database.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = FULL")
      }
      try Self.refuseDamaged(database)
      guard try database.read({ try !Self.migrator.hasBeenSuperseded($0) }) else {
        throw LabelingError.store(
          file: path,
          reason: "a newer version of this software wrote it; use that version"
        )
      }
      try Self.migrator.migrate(database)
      queue = CommitQueue(database)
    } catch {
      throw Self.readable(error, path: path)
    }
  }

  /// Closes the store; later calls fail with `LabelingError.store`.
  package func close() throws(LabelingError) {
    do {
      // Everything goes from the log into the main file, so that the file alone is the whole store.
      try database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      try database.close()
    } catch {
      throw Self.readable(error, path: path)
    }
  }

  /// How commits are made durable, for example "wal, synchronous 2" (2 is FULL).
  package func durability() async throws(LabelingError) -> String {
    try await commit { db in
      let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
      let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
      return "\(journal), synchronous \(synchronous)"
    }
  }

  private static func refuseDamaged(_ database: DatabasePool) throws {
    let findings = try database.read { try String.fetchAll($0, sql: "PRAGMA quick_check(1)") }
    if findings != ["ok"] {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: findings.first)
    }
  }

  /// Turns whatever GRDB throws into our own error with advice.
  static func readable(_ error: any Error, path: String) -> LabelingError {
    if let error = error as? LabelingError { return error }
    if error is CancellationError { return .cancelled }
    guard let error = error as? DatabaseError else {
      return .store(file: path, reason: "\(error)")
    }
    let text = error.message ?? "\(error.resultCode)"
    return switch error.resultCode {
    case .SQLITE_NOTADB:
      .store(
        file: path,
        reason: "it is not a label store, or its beginning is damaged; move it away"
      )
    case .SQLITE_CORRUPT:
      .store(file: path, reason: "it is damaged (\(text)); restore a copy or move it away")
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY:
      .store(
        file: path,
        reason: "it cannot be opened for writing (\(text)); check folder and rights"
      )
    case .SQLITE_FULL, .SQLITE_IOERR:
      .store(
        file: path,
        reason: "the disk failed or is full (\(text)); nothing unsaved was acknowledged"
      )
    default:
      .store(file: path, reason: text)
    }
  }

  /// Runs a read on the pool and makes its errors ours.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(LabelingError) -> Value {
    do { return try await database.read(body) } catch { throw Self.readable(error, path: path) }
  }

  /// Runs a durable write, in one transaction with those that others ask for meanwhile.
  ///
  /// It is done even when the caller is cancelled: what was paid for must not be lost for that.
  func commit<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(LabelingError) -> Value {
    do { return try await queue.commit(body) } catch { throw Self.readable(error, path: path) }
  }
}
