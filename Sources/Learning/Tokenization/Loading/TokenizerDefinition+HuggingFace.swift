internal import JSON
internal import ModelFiles

extension TokenizerDefinition {
  /// Reads a `tokenizer.json` and what its folder says about special tokens and chat.
  ///
  /// - Parameters:
  ///   - path: the path of `tokenizer.json`.
  ///   - folder: the folder it lies in, for the other files.
  /// - Throws: `TokenizationError` for what is damaged or would not be reproduced exactly.
  init(tokenizerJSON path: String, folder: String) throws(TokenizationError) {
    self.init(file: path)
    let json = try Self.json { () throws(ModelFileError) in try JSONValue.read(path: path) }
    try readModel(json["model"] ?? .null)
    try readNormalizer(json["normalizer"] ?? .null)
    try readPreTokenizer(json["pre_tokenizer"] ?? .null)
    try checkSymbols(json)
    try readAddedTokens(json["added_tokens"]?.elements ?? [])
    try readPostProcessor(json["post_processor"] ?? .null)
    try readFolder(folder)
  }

  private static func json<T>(
    _ body: () throws(ModelFileError) -> T
  ) throws(TokenizationError) -> T {
    do throws(ModelFileError) {
      return try body()
    } catch {
      throw .file(error)
    }
  }

  private mutating func readModel(_ model: JSONValue) throws(TokenizationError) {
    guard model["type"]?.text == "BPE" else {
      throw .unsupported(
        file: file,
        detail: "the model \(model["type"]?.text ?? "without a type"); BPE is read"
      )
    }
    for key in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
      let value = model[key] ?? .null
      guard value == .null || value == .string("") else {
        throw .unsupported(file: file, detail: "its model sets \(key)")
      }
    }
    needsAllBytes = model["unk_token"].map { $0 != .null } ?? false
    ignoresMerges = model["ignore_merges"]?.truth ?? false
    guard let vocabulary = model["vocab"]?.members, let merges = model["merges"]?.elements else {
      throw .malformed(file: file, detail: "its vocab or merges are missing")
    }
    // Ids may leave gaps, but not so many that the table would be mostly empty.
    let idMax = 2 * vocabulary.count + 1024
    tokens = Array(repeating: nil, count: vocabulary.count)
    for member in vocabulary { try set(member.name, id: member.value.whole, idMax: idMax) }
    self.merges.reserveCapacity(merges.count)
    for (rank, merge) in merges.enumerated() {
      switch merge {
      case .string(let text): self.merges.append(try split(text, rank: rank))
      case .array(let pair) where pair.count == 2:
        guard let left = pair[0].text, let right = pair[1].text else { fallthrough }
        self.merges.append((left[...], right[...]))
      default: throw .malformed(file: file, detail: "merge \(rank) is no pair of tokens")
      }
    }
  }

  private mutating func set(
    _ text: String,
    id: Int?,
    idMax: Int
  ) throws(TokenizationError) {
    guard let id, id >= 0, id <= idMax else {
      throw .malformed(file: file, detail: "the token \(text) has no sensible id")
    }
    while tokens.count <= id { tokens.append(nil) }
    if let other = tokens[id], !other.utf8.elementsEqual(text.utf8) {
      throw .malformed(file: file, detail: "the id \(id) stands for \(other) and \(text)")
    }
    tokens[id] = text
  }

  private mutating func readAddedTokens(_ values: [JSONValue]) throws(TokenizationError) {
    let idMax = tokens.count + values.count + 1024
    for value in values {
      let id = value["id"]?.whole
      let text = value["content"]?.text ?? ""
      for key in ["single_word", "lstrip", "rstrip"] where value[key]?.truth == true {
        throw .unsupported(file: file, detail: "the added token \(text) sets \(key)")
      }
      try set(text, id: id, idMax: idMax)
      if let id {
        added.append(
          Added(
            id: id,
            isSpecial: value["special"]?.truth ?? false,
            isNormalized: value["normalized"]?.truth ?? false
          )
        )
      }
    }
  }

  private mutating func readFolder(_ folder: String) throws(TokenizationError) {
    let read = { (name: String) throws(TokenizationError) -> JSONValue in
      try Self.json { () throws(ModelFileError) in
        try JSONValue.readIfPresent(path: folder + "/" + name) ?? .null
      }
    }
    let configuration = try read("tokenizer_config.json")
    if configuration["add_eos_token"]?.truth == true {
      throw .unsupported(file: file, detail: "it puts a token after every text (add_eos_token)")
    }
    let generation = try read("generation_config.json")
    let model = try read("config.json")
    bosTokenID = id(of: configuration["bos_token"])
    padTokenID = id(of: configuration["pad_token"])
    if configuration["add_bos_token"]?.truth == true, prefixTokenIDs.isEmpty, let bosTokenID {
      prefixTokenIDs = [bosTokenID]
    }
    eosTokenIDs = id(of: configuration["eos_token"]).map { [$0] } ?? []
    // The generation's list counts most, because chat models end turns by more than one token.
    for source in [generation, model] {
      let ids = source["eos_token_id"]?.elements ?? source["eos_token_id"].map { [$0] } ?? []
      for id in ids.compactMap(\.whole).compactMap(Int32.init(exactly:))
      where !eosTokenIDs.contains(id) { eosTokenIDs.append(id) }
    }
    chatTemplate = try Self.json { () throws(ModelFileError) in
      try TextFile.readIfPresent(path: folder + "/chat_template.jinja")
    }
    switch configuration["chat_template"] {
    case .string(let text)?: chatTemplate = chatTemplate ?? text
    case .array(let named)?:
      let plain = named.first { $0["name"]?.text == "default" }
      chatTemplate = chatTemplate ?? plain?["template"]?.text
    default: break
    }
  }

  /// The id of a special token written as its text or as an added-token object.
  private func id(of value: JSONValue?) -> Int32? {
    guard let text = value?.text ?? value?["content"]?.text else { return nil }
    let match = added.first { tokens[$0.id].map { $0.utf8.elementsEqual(text.utf8) } ?? false }
    return match.flatMap { Int32(exactly: $0.id) }
  }
}
