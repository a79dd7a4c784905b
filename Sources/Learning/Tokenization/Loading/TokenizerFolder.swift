internal import JSON
internal import ModelFiles

/// Puts a model's tokenizer into a Hugging Face folder, so that a merged model opens with it.
package enum TokenizerFolder {
  /// The files of a folder that belong to its tokenizer.
  private static let fileNames = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja",
  ]

  /// Copies the tokenizer's files from a folder, or writes them from a GGUF file.
  ///
  /// - Parameters:
  ///   - modelPath: the model the tokenizer belongs to.
  ///   - folder: the folder to write to, made where it is missing.
  /// - Throws: `TokenizationError` when the source is not a tokenizer this project reads or the
  ///   files cannot be written.
  package static func write(
    tokenizerOf modelPath: String,
    to folder: String
  ) throws(TokenizationError) {
    let isGGUF = ModelLocation(modelPath) == .gguf
    var definition: TokenizerDefinition?
    do throws(ModelFileError) {
      try AtomicFile.makeFolder(folder)
      if isGGUF {
        let gguf = try GGUFFile(path: modelPath)
        do throws(TokenizationError) {
          definition = try TokenizerDefinition(gguf)
        } catch .file(let error) {
          throw error
        } catch {
          throw .unsupported(file: modelPath, detail: error.description)
        }
      }
      if let definition {
        try write(definition, to: folder)
      } else {
        for name in fileNames {
          guard let text = try TextFile.readIfPresent(path: modelPath + "/" + name) else {
            continue
          }
          try AtomicFile.write(text, to: folder + "/" + name)
        }
      }
    } catch {
      throw .file(error)
    }
  }

  private static func write(
    _ definition: TokenizerDefinition,
    to folder: String
  ) throws(ModelFileError) {
    let name = { (id: Int32?) -> JSONValue in
      guard let id, definition.tokens.indices.contains(Int(id)) else { return .null }
      return definition.tokens[Int(id)].map { .string($0) } ?? .null
    }
    let configuration = JSONValue.object([
      JSONMember("bos_token", name(definition.bosTokenID)),
      JSONMember("clean_up_tokenization_spaces", .bool(false)),
      JSONMember("eos_token", name(definition.eosTokenIDs.first)),
      JSONMember("pad_token", name(definition.padTokenID)),
      JSONMember("tokenizer_class", .string("PreTrainedTokenizerFast")),
    ])
    if let template = definition.chatTemplate {
      try AtomicFile.write(template, to: folder + "/chat_template.jinja")
    }
    try AtomicFile.write(configuration.pretty + "\n", to: folder + "/tokenizer_config.json")
    try AtomicFile.write(json(definition).line, to: folder + "/tokenizer.json")
  }

  private static func json(_ definition: TokenizerDefinition) -> JSONValue {
    let added = definition.added.map { added in
      JSONValue.object([
        JSONMember("id", .integer(added.id)),
        JSONMember("content", .string(definition.tokens[added.id] ?? "")),
        JSONMember("single_word", .bool(false)),
        JSONMember("lstrip", .bool(false)),
        JSONMember("rstrip", .bool(false)),
        JSONMember("normalized", .bool(added.isNormalized)),
        JSONMember("special", .bool(added.isSpecial)),
      ])
    }
    return .object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array(added)),
      JSONMember("normalizer", definition.normalizerJSON),
      JSONMember("pre_tokenizer", definition.preTokenizerJSON),
      JSONMember("post_processor", definition.postProcessorJSON),
      JSONMember("decoder", definition.decoderJSON),
      JSONMember("model", model(definition)),
    ])
  }

  private static func model(_ definition: TokenizerDefinition) -> JSONValue {
    var vocabulary: [JSONMember] = []
    for (id, token) in definition.tokens.enumerated() {
      if let token { vocabulary.append(JSONMember(token, .integer(id))) }
    }
    let isPieces = definition.isPieces
    // Every byte has a token, so the unknown one is never given; readers ask for it all the same.
    let unknown: JSONValue = definition.tokens.contains("<unk>") ? .string("<unk>") : .null
    let merges = definition.merges.map { left, right in
      JSONValue.array([.string(String(left)), .string(String(right))])
    }
    return .object([
      JSONMember("type", .string("BPE")),
      JSONMember("dropout", .null),
      JSONMember("unk_token", isPieces ? unknown : .null),
      JSONMember("continuing_subword_prefix", .null),
      JSONMember("end_of_word_suffix", .null),
      JSONMember("fuse_unk", .bool(isPieces)),
      JSONMember("byte_fallback", .bool(isPieces)),
      JSONMember("ignore_merges", .bool(definition.ignoresMerges)),
      JSONMember("vocab", .object(vocabulary)),
      JSONMember("merges", .array(merges)),
    ])
  }
}
