import Foundation

/// The golden texts and ids that `Tests/Vectors/models/make_goldens.py` wrote.
struct TokenGoldens: Decodable {
  struct Text: Decodable {
    var text: String
    var ids: [Int32]
    var plain_ids: [Int32]?
  }

  struct Decoded: Decodable {
    var ids: [Int32]
    var text: String
    var without_special: String
  }

  struct Message: Decodable {
    var role: String
    var content: String
  }

  struct Chat: Decodable {
    var messages: [Message]
    var generation_prompt: Bool
    var text: String
    var ids: [Int32]
  }

  var vocabulary: Int
  var texts: [Text]
  var decodes: [Decoded]
  var chats: [Chat]

  /// `Tests/Vectors/models`.
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Vectors/models")

  static func load(_ name: String) throws -> TokenGoldens {
    let data = try Data(contentsOf: folder.appending(path: name + "-tokens.json"))
    return try JSONDecoder().decode(TokenGoldens.self, from: data)
  }

  /// The path of the SmolLM2 GGUF, where the caller has it.
  static let smollm2 = ProcessInfo.processInfo.environment["MORLAIF_TEST_MODEL"]
}
