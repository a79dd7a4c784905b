internal import Foundation

/// Lists folders.
package enum FolderListing {
  /// The names in a folder, sorted; none when it is missing.
  package static func names(in folder: String) throws(ServiceKitError) -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw .storage(path: folder, reason: "cannot be listed: \(error.localizedDescription)")
    }
  }
}
