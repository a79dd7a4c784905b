internal import Foundation
internal import Messages
internal import RPC
internal import RunReports

/// Writes files that a service sends in pieces into a folder.
struct FileReceiver {
  let folder: String

  /// Receives every file of a stream; returns their paths inside the folder.
  func receive(_ chunks: RPCStream<FileChunk>) async throws -> [String] {
    var paths: [String] = []
    var open: (path: String, file: AppendedFile, offset: UInt64)?
    for try await chunk in chunks {
      if open?.path != chunk.path {
        if let open {
          throw OperationsError.failed("the file \(open.path) was not sent to its end")
        }
        let target = try Self.safe(chunk.path)
        let full = folder + "/" + target
        let parent = (full as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
          atPath: parent,
          withIntermediateDirectories: true
        )
        try? FileManager.default.removeItem(atPath: full)  // of an earlier attempt, or absent
        open = (chunk.path, try AppendedFile(path: full, repairsLines: false), 0)
      }
      guard var current = open, chunk.offset == current.offset else {
        throw OperationsError.failed("a piece of the file \(chunk.path) is missing")
      }
      try current.file.append(chunk.data, toDisk: chunk.last)
      current.offset += UInt64(chunk.data.count)
      open = chunk.last ? nil : current
      if chunk.last { paths.append(chunk.path) }
    }
    if let open { throw OperationsError.failed("the file \(open.path) was not sent to its end") }
    return paths
  }

  /// Refuses paths that would lead out of the folder.
  static func safe(_ path: String) throws(OperationsError) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let isSafe =
      !parts.isEmpty && !path.unicodeScalars.contains("\0")
      && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    guard isSafe else { throw .failed("a service sent the path '\(path)', which is not relative") }
    return path
  }
}
