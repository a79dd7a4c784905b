internal import Foundation

/// Reads the times of files.
enum FileTime {
  /// When a file was last changed, Unix time in seconds; nil when there is none.
  static func modified(_ path: String) -> Double? {
    // A file that cannot be looked at counts as missing, which is what callers ask about.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970
  }
}
