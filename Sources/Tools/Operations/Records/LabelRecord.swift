internal import Hashing
package import JSON
package import Messages

/// Pairs and labels as JSON lines.
package enum LabelRecord {
  /// A label with its pair: `labels.jsonl` and the output of `morlaif label`.
  ///
  /// `chosen` and `rejected` make the line a TRL preference; `margin` is in nats and not negative.
  package static func json(label: Label, pair: PreferencePair) -> JSONValue {
    let prefersA = label.pA >= 0.5
    var members = [
      JSONMember("pair_id", .string(label.pairID)),
      JSONMember("principle", .string(label.principleID)),
      JSONMember("prompt", .string(pair.prompt)),
      JSONMember("chosen", .string(prefersA ? pair.responseA : pair.responseB)),
      JSONMember("rejected", .string(prefersA ? pair.responseB : pair.responseA)),
      JSONMember("margin", .number(abs(label.margin))),
      JSONMember("p_chosen", .number(max(label.pA, 1 - label.pA))),
      JSONMember("chosen_is", .string(prefersA ? "a" : "b")),
      JSONMember("tie", .bool(label.tie)),
      JSONMember("order_consistent", .bool(label.orderConsistent)),
      JSONMember("judge", .string(label.judgeID)),
      JSONMember("judge_version", .string(label.judgeVersion)),
      JSONMember("source", .string(pair.source)),
    ]
    if let measures = label.measures {
      members.append(
        JSONMember("measures", ["a": .number(measures.a), "b": .number(measures.b)])
      )
    }
    return .object(members)
  }

  /// Reads a pair: `prompt` with `response_a` and `response_b`, or with `chosen` and `rejected`.
  ///
  /// Without an `id` the texts name the pair, so that two files in one dataset do not collide and the
  /// same pair is not paid for twice.
  package static func pair(
    json: JSONValue,
    line: Int,
    source: String
  ) throws(OperationsError) -> PreferencePair {
    guard let prompt = json["prompt"]?.text,
      let first = json["response_a"]?.text ?? json["chosen"]?.text,
      let second = json["response_b"]?.text ?? json["rejected"]?.text
    else {
      throw .input(
        "\(source), line \(line): needs texts \"prompt\", \"response_a\" and \"response_b\" (or \"chosen\" and \"rejected\")"
      )
    }
    return PreferencePair(
      id: json["id"]?.text
        ?? "pair-" + SHA256.hexDigest(ofParts: [prompt, first, second]).prefix(24),
      prompt: prompt,
      responseA: first,
      responseB: second,
      source: json["source"]?.text ?? ""
    )
  }
}
