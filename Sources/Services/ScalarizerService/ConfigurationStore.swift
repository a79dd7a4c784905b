internal import Foundation
internal import Logging
internal import ServiceKit
internal import Synchronization

/// One configuration that is or was in force.
struct ConfigurationRecord: Sendable, Equatable, Codable {
  /// From 1 upwards.
  let version: UInt64
  /// Content hash of the function.
  let hash: String
  /// Unix time, seconds.
  let createdAt: Int64
  /// Who or what asked and why.
  let comment: String
  /// The function.
  let function: ScalarizationFunction
}

/// Every configuration that was ever in force, kept in a file, so that a restarted service has the same
/// versions and each logged reward can be recomputed.
final class ConfigurationStore: Sendable {
  private let records: Mutex<[ConfigurationRecord]>
  private let journal: JournalFile<ConfigurationRecord>
  private let writer: WorkThread
  private let now: @Sendable () -> Date

  /// Opens the history; `initial` becomes version 1 when the history is empty.
  ///
  /// - Throws: `ServiceKitError` when the file cannot be used or its versions or hashes do not add up.
  init(
    path: String,
    initial: ScalarizationFunction?,
    logger: Logger,
    now: @escaping @Sendable () -> Date = { Date() }
  ) throws(ServiceKitError) {
    let (journal, found) = try JournalFile<ConfigurationRecord>.open(path, logger: logger)
    for (index, record) in found.enumerated() {
      guard record.version == UInt64(index + 1), record.hash == record.function.contentHash else {
        throw .damaged(
          path: path,
          line: index + 1,
          reason: "versions must count from 1 and each hash must match its configuration"
        )
      }
    }
    self.journal = journal
    self.now = now
    records = Mutex(found)
    writer = WorkThread(name: "configuration store", waitingMax: 256)
    if found.isEmpty, let initial {
      _ = try append(initial, comment: "initial configuration of the service")
    }
  }

  /// The configuration in force.
  var current: ConfigurationRecord? {
    records.withLock { $0.last }
  }

  /// All configurations, oldest first.
  var all: [ConfigurationRecord] {
    records.withLock { $0 }
  }

  /// A configuration by its version; 0 means the one in force.
  func record(version: UInt64) throws(ScalarizerServiceError) -> ConfigurationRecord {
    let (found, newest) = records.withLock { records -> (ConfigurationRecord?, UInt64) in
      let newest = UInt64(records.count)
      if version == 0 { return (records.last, newest) }
      guard version <= newest else { return (nil, newest) }
      return (records[Int(version) - 1], newest)
    }
    if let found { return found }
    throw version == 0 ? .notConfigured : .unknownVersion(version, newest: newest)
  }

  /// Puts a function in force once it is on the disk.
  ///
  /// A function equal to the one in force keeps its version, so that a repeated request is harmless;
  /// going back to an older function is a new version with the old hash.
  func configure(
    _ function: ScalarizationFunction,
    expectedVersion: UInt64,
    comment: String
  ) async throws -> ConfigurationRecord {
    // One thread makes changes one after another, and keeps the flush off the event loops.
    try await writer.perform {
      let current = self.current
      if expectedVersion != 0, expectedVersion != current?.version {
        throw ScalarizerServiceError.versionConflict(
          expected: expectedVersion,
          inForce: current?.version ?? 0
        )
      }
      if let current, current.hash == function.contentHash { return current }
      return try self.append(function, comment: comment)
    }
  }

  private func append(
    _ function: ScalarizationFunction,
    comment: String
  ) throws(ServiceKitError) -> ConfigurationRecord {
    let record = ConfigurationRecord(
      version: UInt64(all.count + 1),
      hash: function.contentHash,
      createdAt: Int64(now().timeIntervalSince1970),
      comment: comment,
      function: function
    )
    try journal.append(record)
    records.withLock { $0.append(record) }
    return record
  }
}
