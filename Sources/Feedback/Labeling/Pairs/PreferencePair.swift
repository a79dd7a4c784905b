/// Two responses to one prompt that wait to be compared.
package struct PreferencePair: Sendable, Equatable, Codable {
  /// Identifier, unique in its dataset.
  package var id: String
  /// What both responses answer.
  package var prompt: String
  /// The first response.
  package var responseA: String
  /// The second response.
  package var responseB: String
  /// Where the pair comes from, for example the policy that sampled it; may be empty.
  package var source: String

  /// Longest accepted prompt or response, in UTF-8 bytes.
  package static let textByteCountMax = 1 << 20

  /// Creates a pair from its parts.
  package init(
    id: String,
    prompt: String,
    responseA: String,
    responseB: String,
    source: String = ""
  ) {
    self.id = id
    self.prompt = prompt
    self.responseA = responseA
    self.responseB = responseB
    self.source = source
  }

  /// Refuses a pair without identifier or prompt, or with a text that is too long.
  package func validate() throws(LabelingError) {
    if id.isEmpty || id.utf8.count > 256 {
      throw .invalidPair(id: String(id.prefix(80)), reason: "field id must have 1 to 256 bytes")
    }
    if prompt.isEmpty { throw .invalidPair(id: id, reason: "field prompt is empty") }
    let texts = [("prompt", prompt), ("response_a", responseA), ("response_b", responseB)]
    for (name, text) in texts where text.utf8.count > Self.textByteCountMax {
      throw .invalidPair(
        id: id,
        reason: "field \(name) has more than \(Self.textByteCountMax) bytes; shorten it"
      )
    }
  }
}
