internal import JSON

/// The steps around the model as `tokenizer.json` has them: what `+Pipeline` reads.
extension TokenizerDefinition {
  private static let mark = JSONValue.string("\u{2581}")

  private static func step(_ type: String, _ members: [JSONMember] = []) -> JSONValue {
    .object([JSONMember("type", .string(type))] + members)
  }

  private static func sequence(_ key: String, _ steps: [JSONValue]) -> JSONValue {
    steps.count == 1 ? steps[0] : step("Sequence", [JSONMember(key, .array(steps))])
  }

  private static func replace(_ old: JSONValue, with new: JSONValue) -> JSONValue {
    step(
      "Replace",
      [JSONMember("pattern", .object([JSONMember("String", old)])), JSONMember("content", new)]
    )
  }

  private static func byteLevel(usesPattern: Bool) -> JSONValue {
    step(
      "ByteLevel",
      [
        JSONMember("add_prefix_space", .bool(false)), JSONMember("trim_offsets", .bool(true)),
        JSONMember("use_regex", .bool(usesPattern)),
      ]
    )
  }

  /// The normalizer.
  var normalizerJSON: JSONValue {
    var steps: [JSONValue] = []
    if normalizer.composes { steps.append(Self.step("NFC")) }
    if normalizer.addsMark {
      steps.append(Self.step("Prepend", [JSONMember("prepend", Self.mark)]))
    }
    if normalizer.marksSpaces { steps.append(Self.replace(.string(" "), with: Self.mark)) }
    return steps.isEmpty ? .null : Self.sequence("normalizers", steps)
  }

  /// The pre-tokenizer.
  var preTokenizerJSON: JSONValue {
    switch symbols {
    case .codePoints(nil): return .null
    case .codePoints(let metaspace?):
      let schemes: [Metaspace.Prefix: String] = [
        .always: "always", .first: "first", .never: "never",
      ]
      return Self.step(
        "Metaspace",
        [
          JSONMember("replacement", Self.mark),
          JSONMember("prepend_scheme", .string(schemes[metaspace.prefix] ?? "always")),
          JSONMember("split", .bool(metaspace.splits)),
        ]
      )
    case .bytes(.gpt2): return Self.byteLevel(usesPattern: true)
    case .bytes(.smollm):
      let digits = Self.step("Digits", [JSONMember("individual_digits", .bool(true))])
      return Self.sequence("pretokenizers", [digits, Self.byteLevel(usesPattern: true)])
    case .bytes(let pattern):
      let text = Self.patterns.first { $0.value == pattern }?.key ?? ""
      let split = Self.step(
        "Split",
        [
          JSONMember("pattern", .object([JSONMember("Regex", .string(text))])),
          JSONMember("behavior", .string("Isolated")), JSONMember("invert", .bool(false)),
        ]
      )
      return Self.sequence("pretokenizers", [split, Self.byteLevel(usesPattern: false)])
    }
  }

  /// The post-processor: the tokens before every text.
  var postProcessorJSON: JSONValue {
    if prefixTokenIDs.isEmpty { return .null }
    let name = { (id: Int32) -> JSONValue in
      .string(tokens.indices.contains(Int(id)) ? tokens[Int(id)] ?? "" : "")
    }
    let typed = { (kind: String, id: JSONValue, type: Int) -> JSONValue in
      .object([
        JSONMember(kind, .object([JSONMember("id", id), JSONMember("type_id", .integer(type))]))
      ])
    }
    let specials = prefixTokenIDs.map { typed("SpecialToken", name($0), 0) }
    let single = specials + [typed("Sequence", .string("A"), 0)]
    return Self.step(
      "TemplateProcessing",
      [
        JSONMember("single", .array(single)),
        JSONMember("pair", .array(single + [typed("Sequence", .string("B"), 1)])),
        JSONMember(
          "special_tokens",
          .object(
            prefixTokenIDs.map { id in
              JSONMember(
                name(id).text ?? "",
                .object([
                  JSONMember("id", name(id)),
                  JSONMember("ids", .array([.integer(Int(id))])),
                  JSONMember("tokens", .array([name(id)])),
                ])
              )
            }
          )
        ),
      ]
    )
  }

  /// The decoder.
  var decoderJSON: JSONValue {
    guard isPieces else { return Self.byteLevel(usesPattern: true) }
    var steps = [
      Self.replace(Self.mark, with: .string(" ")), Self.step("ByteFallback"), Self.step("Fuse"),
    ]
    if stripsFirstSpace {
      steps.append(
        Self.step(
          "Strip",
          [
            JSONMember("content", .string(" ")), JSONMember("start", .integer(1)),
            JSONMember("stop", .integer(0)),
          ]
        )
      )
    }
    return Self.sequence("decoders", steps)
  }
}
