internal import Foundation
package import Messages
package import RPC

/// Sends the files of a folder as the contract's chunks: file after file by name, each from its
/// beginning to its end.
package enum FolderChunks {
  /// Bytes of one chunk.
  static let chunkBytes = 256 * 1024

  /// Sends the regular files directly inside `folder`, each under `prefix` and its name.
  ///
  /// - Throws: `ServiceKitError.storage` for a file that cannot be read, and what the writer throws.
  package static func send(
    _ folder: String,
    prefix: String = "",
    leavingOut: Set<String> = [],
    to writer: RPCWriter<FileChunk>
  ) async throws {
    for name in try FolderListing.names(in: folder)
    where !name.hasPrefix(".") && !leavingOut.contains(name) {
      var isFolder = ObjCBool(false)
      let path = folder + "/" + name
      guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      try await send(file: path, as: prefix + name, to: writer)
    }
  }

  /// Sends one file under a name.
  ///
  /// - Throws: as above.
  package static func send(
    file path: String,
    as name: String,
    to writer: RPCWriter<FileChunk>
  ) async throws {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw ServiceKitError.storage(path: path, reason: "cannot be opened")
    }
    // The file was only read, so nothing is lost when closing fails.
    defer { try? handle.close() }
    var offset: UInt64 = 0
    var piece = try handle.read(upToCount: chunkBytes) ?? Data()
    while true {
      let next = try handle.read(upToCount: chunkBytes) ?? Data()
      try await writer.write(
        FileChunk(path: name, offset: offset, data: Array(piece), last: next.isEmpty)
      )
      if next.isEmpty { return }
      offset += UInt64(piece.count)
      piece = next
    }
  }
}
