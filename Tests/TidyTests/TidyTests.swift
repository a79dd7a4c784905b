import Foundation
import Testing

/// The rules of the house that a machine can check.
@Suite struct TidyTests {
  @Test(arguments: SourceTree.everything)
  func `a file has at most 700 lines`(file: SourceTree.File) {
    let isCode = ["swift", "c", "h", "py"].contains((file.path as NSString).pathExtension)
    // One source that others copy into their own programs; the protocol is as long as it is.
    let isSingleSource = file.path == "Sources/Clients/c/morlaif.c"
    let linesMax = isSingleSource ? 1_401 : 701
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
  func `arrows point down the house`(file: SourceTree.File) {
    guard let room = file.room, let forbidden = Self.forbiddenImports[room] else { return }
    for (number, line) in file.lines.enumerated() {
      guard let imported = Self.importedModule(line) else { continue }
      #expect(
        !forbidden.contains {
          imported == $0 || ($0.hasSuffix("*") && imported.hasPrefix($0.dropLast()))
        },
        "\(file.path):\(number + 1): \(room) must not import \(imported)"
      )
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

  /// Modules that a room must not import; a star stands for any ending.
  private static let forbiddenImports: [String: [String]] = [
    "System": ["Messages", "RPC*", "Tensors", "Labeling", "ServiceKit"],
    "Contract": ["Tensors", "LanguageModels", "Labeling", "ServiceKit", "Preferences"],
    "RPC": ["Tensors", "LanguageModels", "Labeling", "ServiceKit", "Preferences", "Scalarization"],
    "Learning": [
      "RPC*", "Messages", "ServiceStubs", "ProtobufRuntime", "CProtobufC", "COpenSSL", "CCurl",
      "Labeling", "ServiceKit", "NIO*",
    ],
    "Feedback": ["RPC*", "Messages", "ServiceStubs", "ProtobufRuntime", "ServiceKit", "NIO*"],
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
