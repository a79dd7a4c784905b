internal import JSON

/// The steps of a `tokenizer.json` around its model; each kind of step is reproduced or refused.
extension TokenizerDefinition {
  /// `▁`, SentencePiece's mark for a space.
  private static let mark = "\u{2581}"

  /// Reads the normalizer: none, NFC, or what writes spaces as marks.
  mutating func readNormalizer(_ value: JSONValue) throws(TokenizationError) {
    let steps = value["type"]?.text == "Sequence" ? value["normalizers"]?.elements ?? [] : [value]
    for step in steps where step != .null {
      switch step["type"]?.text {
      // Composing and marking do not disturb each other; a mark is added before spaces are marked.
      case "NFC": normalizer.composes = true
      case "Prepend" where step["prepend"]?.text == Self.mark && !normalizer.addsMark:
        normalizer.addsMark = true
      case "Replace"
      where step["pattern"]?["String"]?.text == " " && step["content"]?.text == Self.mark:
        normalizer.marksSpaces = true
      default:
        throw .unsupported(
          file: file,
          detail: """
            the normalizer \(step["type"]?.text ?? "without a type") as it is set; \
            NFC and those of SentencePiece vocabularies are reproduced
            """
        )
      }
    }
  }

  /// Reads how texts are cut into words.
  mutating func readPreTokenizer(_ value: JSONValue) throws(TokenizationError) {
    let steps = value["type"]?.text == "Sequence" ? value["pretokenizers"]?.elements ?? [] : [value]
    let types = steps.map { $0["type"]?.text ?? "" }
    switch types {
    case [""] where value == .null: symbols = .codePoints(nil)
    case ["Metaspace"]: symbols = .codePoints(try metaspace(steps[0]))
    // There are no spaces left for this cut when the normalizer has marked them.
    case ["Split"] where normalizer.marksSpaces && steps[0]["pattern"]?["String"]?.text == " ":
      symbols = .codePoints(nil)
    default:
      guard types.last == "ByteLevel", let last = steps.last,
        last["add_prefix_space"]?.truth == false
      else {
        throw .unsupported(
          file: file,
          detail: "its pre-tokenizer ends neither in plain ByteLevel nor is it SentencePiece's"
        )
      }
      symbols = .bytes(try pattern(steps, usesOwn: last["use_regex"]?.truth ?? true))
    }
  }

  private func metaspace(_ step: JSONValue) throws(TokenizationError) -> Metaspace {
    let schemes: [String: Metaspace.Prefix] = [
      "always": .always, "first": .first, "never": .never,
    ]
    guard step["replacement"]?.text == Self.mark,
      let prefix = schemes[step["prepend_scheme"]?.text ?? "always"]
    else { throw .unsupported(file: file, detail: "its Metaspace step as it is set") }
    return Metaspace(prefix: prefix, splits: step["split"]?.truth ?? true)
  }

  private func pattern(
    _ steps: [JSONValue],
    usesOwn: Bool
  ) throws(TokenizationError) -> PreTokenizer {
    if steps.count == 1, usesOwn { return .gpt2 }
    if steps.count == 2, usesOwn, steps[0]["type"]?.text == "Digits",
      steps[0]["individual_digits"]?.truth == true
    {
      return .smollm
    }
    if steps.count == 2, !usesOwn, steps[0]["type"]?.text == "Split",
      steps[0]["behavior"]?.text == "Isolated", steps[0]["invert"]?.truth != true,
      let pattern = steps[0]["pattern"]?["Regex"]?.text, let known = Self.patterns[pattern]
    {
      return known
    }
    throw .unsupported(
      file: file,
      detail: "its pre-tokenizer; GPT-2's, SmolLM2's (Digits), Llama 3's and Qwen2's are reproduced"
    )
  }

  /// The patterns that are reproduced, as the files write them.
  static let patterns: [String: PreTokenizer] = [
    llama3Pattern(digits: #"\p{N}{1,3}"#): .llama3, llama3Pattern(digits: #"\p{N}"#): .qwen2,
    gpt2Pattern: .gpt2,
  ]

  private static let gpt2Pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  private static func llama3Pattern(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Refuses a model or decoder that does not go with how texts are cut.
  mutating func checkSymbols(_ json: JSONValue) throws(TokenizationError) {
    let hasFallback = json["model"]?["byte_fallback"]?.truth ?? false
    guard case .codePoints(let metaspace) = symbols else {
      guard !hasFallback else {
        throw .unsupported(file: file, detail: "its model sets byte_fallback, but works on bytes")
      }
      guard !normalizer.addsMark, !normalizer.marksSpaces else {
        throw .unsupported(file: file, detail: "it marks spaces, but works on bytes")
      }
      guard json["decoder"]?["type"]?.text == "ByteLevel" else {
        throw .unsupported(file: file, detail: "its decoder is not ByteLevel")
      }
      return
    }
    guard hasFallback else {
      throw .unsupported(
        file: file,
        detail: "its model has no byte_fallback for unknown characters"
      )
    }
    guard normalizer.marksSpaces != (metaspace != nil) else {
      throw .unsupported(file: file, detail: "spaces are marked twice or not at all")
    }
    let decoder = json["decoder"] ?? .null
    var steps = decoder["type"]?.text == "Sequence" ? decoder["decoders"]?.elements ?? [] : []
    if let last = steps.last, last["type"]?.text == "Strip", last["content"]?.text == " ",
      last["start"]?.whole == 1, last["stop"]?.whole == 0
    {
      stripsFirstSpace = true
      steps.removeLast()
    }
    guard steps.map({ $0["type"]?.text }) == ["Replace", "ByteFallback", "Fuse"],
      steps[0]["pattern"]?["String"]?.text == Self.mark, steps[0]["content"]?.text == " "
    else {
      throw .unsupported(
        file: file,
        detail: "its decoder; Replace, ByteFallback, Fuse and Strip of one space are reproduced"
      )
    }
  }

  /// Reads the tokens that are put before every text; tokens behind it are refused.
  mutating func readPostProcessor(_ value: JSONValue) throws(TokenizationError) {
    let steps = value["type"]?.text == "Sequence" ? value["processors"]?.elements ?? [] : [value]
    for step in steps where step != .null && step["type"]?.text != "ByteLevel" {
      guard step["type"]?.text == "TemplateProcessing", let parts = step["single"]?.elements,
        parts.last?["Sequence"] != nil, prefixTokenIDs.isEmpty
      else {
        throw .unsupported(
          file: file,
          detail: "its post-processor \(step["type"]?.text ?? ""); tokens before a text are read"
        )
      }
      for part in parts.dropLast() {
        let name = part["SpecialToken"]?["id"]?.text ?? ""
        let ids = step["special_tokens"]?[name]?["ids"]?.elements ?? []
        guard !ids.isEmpty else {
          throw .malformed(file: file, detail: "its post-processor names the unknown token \(name)")
        }
        for id in ids {
          guard let id = id.whole.flatMap(Int32.init(exactly:)) else {
            throw .malformed(file: file, detail: "its post-processor names no token id")
          }
          prefixTokenIDs.append(id)
        }
      }
    }
  }
}
