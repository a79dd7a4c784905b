import Foundation
import Testing

/// The project's own files, read once for the tidy rules.
enum SourceTree {
  /// One file: its path from the project's root and its lines.
  struct File: CustomTestStringConvertible, Sendable {
    let path: String
    let lines: [String]

    var testDescription: String { path }

    /// The room: `Sources/RPC/RPCWire/…` gives `RPC`.
    var room: String? {
      let parts = path.split(separator: "/")
      return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
  }

  /// The project's root, found from this file's place in it.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file below `Sources`, generated ones left out.
  static let sources = files(in: ["Sources"], extensions: ["swift"])

  /// The room of each target below `Sources`, by the target's name.
  static let rooms: [String: String] = {
    var found: [String: String] = [:]
    for room in subfolders(of: "Sources") {
      for target in subfolders(of: "Sources/\(room)") { found[target] = room }
    }
    return found
  }()

  /// Whether a target is written in Swift; module maps and C have no page.
  static func hasSwift(_ target: String) -> Bool {
    guard let room = rooms[target] else { return false }
    let folder = root.appendingPathComponent("Sources/\(room)/\(target)").path
    guard let walk = FileManager.default.enumerator(atPath: folder) else { return false }
    for case let name as String in walk where name.hasSuffix(".swift") { return true }
    return false
  }

  /// What quickstart and the tests leave in a clone, which nobody commits (see `.gitignore`).
  private static func isMadeHere(_ path: String) -> Bool {
    path.hasPrefix("compose/state/") || path.hasPrefix("Sources/Clients/c/build/")
      || path.contains("__pycache__/")
  }

  private static func subfolders(of path: String) -> [String] {
    let folder = root.appendingPathComponent(path)
    // A folder that cannot be read has no targets, and then no test below has arguments.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(
        atPath: folder.appendingPathComponent($0).path,
        isDirectory: &isFolder
      )
      return exists && isFolder.boolValue
    }
  }

  /// Every file of ours that people read or run.
  static let everything = files(
    in: ["Sources", "Tests", "Protos", "compose"],
    extensions: ["swift", "c", "h", "py", "proto", "md", "yaml", "yml", "sh", ""]
  )

  /// Files below `folders` whose name ends in one of `extensions`, generated ones left out.
  static func files(in folders: [String], extensions: Set<String>) -> [File] {
    var found: [File] = []
    for folder in folders {
      let base = root.appendingPathComponent(folder)
      guard let walk = FileManager.default.enumerator(atPath: base.path) else { continue }
      for case let name as String in walk
      where extensions.contains((name as NSString).pathExtension) && !isGenerated(name)
        && !isMadeHere("\(folder)/\(name)")
      {
        let url = base.appendingPathComponent(name)
        // Folders and binary files have no text; neither is a file that somebody reads.
        guard let text = try? String(contentsOf: url, encoding: .utf8) else { continue }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        found.append(File(path: "\(folder)/\(name)", lines: lines))
      }
    }
    return found.sorted { $0.path < $1.path }
  }

  private static func isGenerated(_ name: String) -> Bool {
    name.contains("Generated/") || name.contains("generated/") || name.contains(".pb-c.")
      || name.contains("Fuzz/corpus/")
  }
}
