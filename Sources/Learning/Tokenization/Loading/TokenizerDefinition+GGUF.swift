internal import ModelFiles

extension TokenizerDefinition {
  /// Reads the tokenizer keys of a GGUF file.
  init(_ gguf: GGUFFile) throws(TokenizationError) {
    self.init(file: gguf.path)
    let metadata = gguf.metadata
    guard case .string(let model)? = metadata["tokenizer.ggml.model"] else {
      throw .malformed(file: file, detail: "it does not say its tokenizer.ggml.model")
    }
    guard case .strings(let tokens)? = metadata["tokenizer.ggml.tokens"] else {
      throw .malformed(file: file, detail: "its tokens are missing")
    }
    self.tokens = tokens
    var addsBOS = false
    switch model {
    case "gpt2": try readByteLevel(metadata)
    case "llama":
      try readPieces(metadata)
      addsBOS = true
    default:
      throw .unsupported(
        file: file,
        detail: "the kind \(model); gpt2 (byte-level BPE) and llama (SentencePiece BPE) are read"
      )
    }
    if case .bool(let value)? = metadata["tokenizer.ggml.add_bos_token"] { addsBOS = value }
    if case .bool(true)? = metadata["tokenizer.ggml.add_eos_token"] {
      throw .unsupported(file: file, detail: "it puts a token after every text (add_eos_token)")
    }
    if let types = metadata["tokenizer.ggml.token_type"] {
      guard case .numbers(let types) = types, types.count == tokens.count else {
        throw .malformed(file: file, detail: "tokenizer.ggml.token_type does not fit the tokens")
      }
      for (id, type) in types.enumerated() {
        // 2 unknown and 3 control are special, 4 is user-defined (ggml's token types).
        guard let type = type.integer, (2...4).contains(type) else { continue }
        added.append(Added(id: id, isSpecial: type != 4))
      }
    }
    bosTokenID = try id("bos_token_id", metadata)
    if addsBOS, let bosTokenID { prefixTokenIDs = [bosTokenID] }
    padTokenID = try id("padding_token_id", metadata)
    for key in ["eos_token_id", "eot_token_id"] {
      if let id = try id(key, metadata), !eosTokenIDs.contains(id) { eosTokenIDs.append(id) }
    }
    if case .string(let template)? = metadata["tokenizer.chat_template"] { chatTemplate = template }
  }

  /// Byte-level BPE: the name of the pattern, and the merges.
  private mutating func readByteLevel(
    _ metadata: [String: GGUFValue]
  ) throws(TokenizationError) {
    switch metadata["tokenizer.ggml.pre"] {
    case .string("smollm"): symbols = .bytes(.smollm)
    case .string("gpt-2"), .string("gpt2"): symbols = .bytes(.gpt2)
    case .string("llama-bpe"), .string("llama3"), .string("llama-v3"):
      symbols = .bytes(.llama3)
      // The key does not say it, but Llama 3's own tokenizer does (as llama.cpp knows, too).
      ignoresMerges = true
    case .string("qwen2"):
      symbols = .bytes(.qwen2)
      normalizer.composes = true
    case .string(let other):
      throw .unsupported(
        file: file,
        detail: "the pre-tokenizer \(other); smollm, gpt-2, llama-bpe and qwen2 are read"
      )
    default: throw .malformed(file: file, detail: "it does not say its tokenizer.ggml.pre")
    }
    guard case .strings(let merges)? = metadata["tokenizer.ggml.merges"] else {
      throw .malformed(file: file, detail: "its merges are missing")
    }
    for (rank, text) in merges.enumerated() { self.merges.append(try split(text, rank: rank)) }
  }

  /// SentencePiece BPE: the merges follow from the scores of the pieces.
  private mutating func readPieces(
    _ metadata: [String: GGUFValue]
  ) throws(TokenizationError) {
    guard case .numbers(let values)? = metadata["tokenizer.ggml.scores"],
      values.count == tokens.count,
      case .numbers(let types)? = metadata["tokenizer.ggml.token_type"],
      types.count == tokens.count
    else {
      throw .malformed(file: file, detail: "its scores or token types are missing or too few")
    }
    var scores: [Double] = []
    for value in values {
      guard let score = value.number, score.isFinite else {
        throw .malformed(file: file, detail: "a score is no number")
      }
      scores.append(score)
    }
    // Ordinary pieces (type 1) and those the user defined (type 4) are merged.
    merges = PieceMerges.ranked(tokens, scores: scores) { [1, 4].contains(types[$0].integer) }
    normalizer.marksSpaces = true
    normalizer.addsMark = true
    if case .bool(false)? = metadata["tokenizer.ggml.add_space_prefix"] {
      normalizer.addsMark = false
    }
    stripsFirstSpace = normalizer.addsMark
    symbols = .codePoints(nil)
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
