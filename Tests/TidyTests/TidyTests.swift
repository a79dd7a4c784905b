import Foundation
import Testing

/// The rules of the house that a machine can check.
@Suite struct TidyTests {
  @Test(arguments: SourceTree.everything)
  func `a file has at most 700 lines`(file: SourceTree.File) {
    let isCode = ["swift", "c", "h", "py"].contains((file.path as NSString).pathExtension)
    // One source that others copy into their own programs; the protocol is as long as it is.
    let isSingleSource = file.path == "Sources/Clients/c/morlaif.c"
    let linesMax = isSingleSource ? 1_501 : 701
    #expect(!isCode || file.lines.count <= linesMax, "\(file.path) has \(file.lines.count) lines")
  }

  @Test(arguments: SourceTree.sources)
  func `every import states who may see it`(file: SourceTree.File) {
    for (number, line) in file.lines.enumerated() where line.hasPrefix("import ") {
      Issue.record(
        "\(file.path):\(number + 1) says only '\(line)'; say internal, package or public"
      )
    }
  }

  @Test(arguments: SourceTree.sources)
  func `arrows point down the house`(file: SourceTree.File) throws {
    guard let room = file.room else { return }
    let below = try #require(Self.roomsBelow[room], "the room \(room) has no place in the house")
    let outside = Self.packagesKeptOut[room] ?? []
    for (number, line) in file.lines.enumerated() {
      guard let imported = Self.importedModule(line) else { continue }
      let place = "\(file.path):\(number + 1): \(room) must not import \(imported)"
      if let other = SourceTree.rooms[imported] {
        #expect(other == room || below.contains(other), "\(place)")
      } else {
        #expect(!outside.contains { imported.hasPrefix($0) }, "\(place)")
      }
    }
  }

  @Test(arguments: SourceTree.sources)
  func `services and tools know services only through the contract`(file: SourceTree.File) {
    let parts = file.path.split(separator: "/").map(String.init)
    guard parts.count > 3, ["Services", "Tools"].contains(parts[1]) else { return }
    for (number, line) in file.lines.enumerated() {
      guard let imported = Self.importedModule(line), Self.services.values.contains(imported) else {
        continue
      }
      #expect(
        Self.services[parts[2]] == imported,
        "\(file.path):\(number + 1): only the program of \(imported) may import it"
      )
    }
  }

  @Test(arguments: SourceTree.rooms.keys.filter { SourceTree.hasSwift($0) }.sorted())
  func `every target has a page with purpose, entry points and limits`(target: String) throws {
    let room = try #require(SourceTree.rooms[target])
    let path = "Sources/\(room)/\(target)/\(target).docc/\(target).md"
    let page = SourceTree.root.appendingPathComponent(path)
    let text = try String(contentsOf: page, encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(["# ``\(target)``", "# \(target)"].contains(lines.first ?? ""), "\(path)")
    for part in ["## Overview", "## Entry points", "## Limits"] {
      #expect(lines.contains { $0 == part }, "\(path) has no part '\(part)'")
    }
  }

  @Test(arguments: SourceTree.sources)
  func `words of unfinished or dangerous code stay out`(file: SourceTree.File) {
    for (number, line) in file.lines.enumerated() {
      for word in Self.forbiddenWords where line.contains(word) {
        Issue.record("\(file.path):\(number + 1) contains '\(word)'")
      }
    }
  }

  @Test(arguments: SourceTree.everything)
  func `nothing names the machine it was written on`(file: SourceTree.File) {
    // Spelt in pieces so that this file does not name them either.
    let names = ["/wo" + "rk/", "/ro" + "ot/", "/opt/sw" + "ift", "." + "library", "fa" + "rm-"]
    for (number, line) in file.lines.enumerated() {
      for name in names where line.contains(name) {
        Issue.record("\(file.path):\(number + 1) contains '\(name)'")
      }
    }
  }

  @Test(arguments: SourceTree.sources)
  func `a function has at most 70 lines`(file: SourceTree.File) {
    for function in FunctionScanner.functions(in: file.lines) where function.lineCount > 70 {
      Issue.record(
        "\(file.path):\(function.firstLine): \(function.name) has \(function.lineCount) lines"
      )
    }
  }

  @Test(arguments: SourceTree.sources)
  func `symbols that other targets see are documented`(file: SourceTree.File) {
    for (number, line) in file.lines.enumerated() where Self.isDeclaration(line) {
      var above = number - 1
      while above >= 0, file.lines[above].trimmingCharacters(in: .whitespaces).hasPrefix("@") {
        above -= 1
      }
      let comment = above >= 0 ? file.lines[above].trimmingCharacters(in: .whitespaces) : ""
      #expect(comment.hasPrefix("///"), "\(file.path):\(number + 1) has no summary: \(line)")
    }
  }

  @Test func `no folder hides what it holds`() {
    for file in SourceTree.everything {
      for part in file.path.split(separator: "/").dropLast() {
        #expect(
          !["Utils", "Utilities", "Helpers", "Common", "Misc"].contains(String(part)),
          "\(file.path)"
        )
      }
    }
  }

  /// The rooms that each room may look down on.
  private static let roomsBelow: [String: Set<String>] = [
    "System": [],
    "Foundations": [],
    // Stubs stand on the client and server, which stand on the messages' runtime.
    "Contract": ["System", "Foundations", "RPC"],
    "RPC": ["System", "Foundations", "Contract"],
    "Learning": ["System", "Foundations"],
    "Feedback": ["System", "Foundations"],
    "Services": ["System", "Foundations", "Contract", "RPC", "Learning", "Feedback"],
    "Tools": ["System", "Foundations", "Contract", "RPC", "Learning", "Services"],
  ]

  /// Beginnings of modules from elsewhere that a room must not import.
  private static let packagesKeptOut: [String: [String]] = [
    "Foundations": ["NIO", "Logging", "Foundation"],
    "Learning": ["NIO", "Logging", "GRDB", "Yams", "ArgumentParser", "ServiceLifecycle"],
    "Feedback": ["NIO", "ArgumentParser", "ServiceLifecycle"],
    "Services": ["NIO", "GRDB"],
    "Tools": ["NIO", "GRDB"],
  ]

  /// The programs and the libraries they run.
  private static let services = [
    "labeler": "LabelerService", "policy-trainer": "PolicyTrainerService",
    "preference-model": "PreferenceModelService", "scalarizer": "ScalarizerService",
  ]

  /// Spelt in pieces where this file would trip over its own rule.
  private static let forbiddenWords = [
    "TODO", "FIXME", "XXX", "fatalError(", "try!", "not implemented",
  ]

  private static func importedModule(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let at = words.firstIndex(of: "import"), at <= 2, words.count > at + 1 else { return nil }
    guard !line.hasPrefix("//") else { return nil }
    return String(words[at + 1])
  }

  private static func isDeclaration(_ line: String) -> Bool {
    let text = line.trimmingCharacters(in: .whitespaces)
    guard text.hasPrefix("package ") || text.hasPrefix("public ") else { return false }
    guard !text.hasPrefix("package import"), !text.hasPrefix("public import") else { return false }
    // Properties and initialisers may say enough by their names; what has a body or a shape must be explained.
    let kinds = ["struct ", "class ", "enum ", "protocol ", "actor ", "func ", "typealias "]
    guard kinds.contains(where: { text.contains(" " + $0) }) else { return false }
    // Requirements of the standard library's protocols are documented there.
    let plain = [
      "static func ==", "func hash", "func next()", "func makeAsyncIterator()", "func encode(",
    ]
    return !plain.contains { text.contains(" " + $0) }
  }
}
