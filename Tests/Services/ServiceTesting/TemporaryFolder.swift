import Foundation

/// A folder of one test, removed with the value.
package final class TemporaryFolder: Sendable {
  /// Path of the folder.
  package let path: String

  /// Makes the folder.
  package init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("morlaif-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Path of a file inside.
  package func file(_ name: String) -> String {
    path + "/" + name
  }
}
