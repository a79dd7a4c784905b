internal import ModelFiles

extension TokenizerDefinition {
  /// Reads the tokenizer keys of a GGUF file.
  init(_ gguf: GGUFFile) throws(TokenizationError) {
    self.init(file: gguf.path)
    let metadata = gguf.metadata
    guard case .string(let model)? = metadata["tokenizer.ggml.model"] else {
      throw .malformed(file: file, detail: "it does not say its tokenizer.ggml.model")
    }
    guard model == "gpt2" else {
      throw .unsupported(
        file: file,
        detail: "the kind \(model); only gpt2 (byte-level BPE) is read"
      )
    }
    switch metadata["tokenizer.ggml.pre"] {
    case .string("smollm"): preTokenizer = .smollm
    case .string("gpt-2"), .string("gpt2"): preTokenizer = .gpt2
    case .string(let other):
      throw .unsupported(
        file: file,
        detail: "the pre-tokenizer \(other); smollm and gpt-2 are read"
      )
    default: throw .malformed(file: file, detail: "it does not say its tokenizer.ggml.pre")
    }
    if case .bool(true)? = metadata["tokenizer.ggml.add_bos_token"] {
      throw .unsupported(file: file, detail: "it puts a token before every text (add_bos_token)")
    }
    guard case .strings(let tokens)? = metadata["tokenizer.ggml.tokens"],
      case .strings(let merges)? = metadata["tokenizer.ggml.merges"]
    else { throw .malformed(file: file, detail: "its tokens or merges are missing") }
    self.tokens = tokens
    for (rank, text) in merges.enumerated() { self.merges.append(try split(text, rank: rank)) }
    if let types = metadata["tokenizer.ggml.token_type"] {
      guard case .numbers(let types) = types, types.count == tokens.count else {
        throw .malformed(file: file, detail: "tokenizer.ggml.token_type does not fit the tokens")
      }
      for (id, type) in types.enumerated() {
        // 2 unknown and 3 control are special, 4 is user-defined (ggml's token types).
        guard let type = type.integer, (2...4).contains(type) else { continue }
        added.append((id, type != 4))
      }
    }
    bosTokenID = try id("bos_token_id", metadata)
    padTokenID = try id("padding_token_id", metadata)
    for key in ["eos_token_id", "eot_token_id"] {
      if let id = try id(key, metadata), !eosTokenIDs.contains(id) { eosTokenIDs.append(id) }
    }
    if case .string(let template)? = metadata["tokenizer.chat_template"] { chatTemplate = template }
  }

  private func id(
    _ key: String,
    _ metadata: [String: GGUFValue]
  ) throws(TokenizationError) -> Int32? {
    guard let value = metadata["tokenizer.ggml." + key] else { return nil }
    guard let id = value.integer.flatMap(Int32.init(exactly:)) else {
      throw .malformed(file: file, detail: "tokenizer.ggml.\(key) is no token id")
    }
    return id
  }

  /// Splits a merge written as two texts with a space between.
  func split(
    _ text: String,
    rank: Int
  ) throws(TokenizationError) -> (left: Substring, right: Substring) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw .malformed(file: file, detail: "merge \(rank) is not two tokens with a space between")
    }
    return (parts[0], parts[1])
  }
}
