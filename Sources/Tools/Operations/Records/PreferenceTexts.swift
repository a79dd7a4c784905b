package import JSON

/// The prompt and the two answers of a preference, out of texts or of TRL's lists of messages.
///
/// A list may end in the answer and begin with the prompt, which may then be missing by itself
/// (PEERS 2.7, implicit prompt). Only one message of a user can be a prompt: whoever trains puts it
/// into the model's own chat template.
package struct PreferenceTexts: Sendable, Equatable {
  /// What both answers answer.
  package let prompt: String
  /// The better answer.
  package let chosen: String
  /// The worse answer.
  package let rejected: String

  /// Longest text that the labeler takes, in UTF-8 bytes.
  private static let byteCountMax = 1 << 20

  /// One message of a conversation.
  private struct Message: Equatable {
    let role: String
    let text: String
  }

  /// Reads the members `prompt`, `chosen` and `rejected`.
  package init(_ record: JSONValue, in reader: RecordReader) throws(OperationsError) {
    let (before, chosen) = try Self.answer("chosen", of: record, in: reader)
    let (beforeOther, rejected) = try Self.answer("rejected", of: record, in: reader)
    let given = try Self.messages("prompt", of: record, plainRole: "user", in: reader)
    guard before == beforeOther, given == nil || before.isEmpty || given == before else {
      throw reader.refusal(
        "\"prompt\" and the messages before the last of \"chosen\" and \"rejected\" differ"
      )
    }
    let asked = given ?? before
    guard let question = asked.first, !question.text.isEmpty else {
      throw reader.refusal("needs a \"prompt\" that is not empty")
    }
    guard asked.count == 1, question.role == "user" else {
      let roles = asked.map(\.role).joined(separator: ", ")
      throw reader.refusal(
        "the prompt has messages of the roles \(roles); only one message of the role user can be imported"
      )
    }
    guard chosen != rejected else {
      throw reader.refusal("\"chosen\" and \"rejected\" are the same text")
    }
    for (name, text) in [("prompt", question.text), ("chosen", chosen), ("rejected", rejected)]
    where text.utf8.count > Self.byteCountMax {
      throw reader.refusal("\"\(name)\" is longer than \(Self.byteCountMax) bytes")
    }
    self.prompt = question.text
    self.chosen = chosen
    self.rejected = rejected
  }

  /// An answer and the messages before it.
  private static func answer(
    _ name: String,
    of record: JSONValue,
    in reader: RecordReader
  ) throws(OperationsError) -> (before: [Message], text: String) {
    guard
      let messages = try messages(name, of: record, plainRole: "assistant", in: reader),
      let last = messages.last
    else { throw reader.refusal("needs \"\(name)\", the answer as a text") }
    guard last.role == "assistant" else {
      throw reader.refusal(
        "the last message of \"\(name)\" has the role \(last.role) instead of assistant"
      )
    }
    return (messages.dropLast(), last.text)
  }

  /// A member's messages, a text being one of `plainRole`; nil when it is not there.
  private static func messages(
    _ name: String,
    of record: JSONValue,
    plainRole: String,
    in reader: RecordReader
  ) throws(OperationsError) -> [Message]? {
    switch record[name] {
    case nil, .null: return nil
    case .string(let text): return [Message(role: plainRole, text: text)]
    case .array(let elements):
      var messages: [Message] = []
      for element in elements {
        guard let role = element["role"]?.text, let text = element["content"]?.text else {
          throw reader.refusal("a message of \"\(name)\" needs texts \"role\" and \"content\"")
        }
        messages.append(Message(role: role, text: text))
      }
      return messages
    default: throw reader.refusal("\"\(name)\" must be a text or a list of messages")
    }
  }
}
