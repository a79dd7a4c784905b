package import JSON

extension Recipe {
  /// The resolved recipe: every setting spelled out, the prompts' path absolute, readable as a
  /// recipe again.
  package var yaml: String {
    "# The recipe of this run with every setting spelled out. 0 in preferences and policy: the service chooses;\n"
      + "# what it chose is in journal.jsonl.\n" + YAMLText.mapping(json)
  }

  /// The same as a value.
  package var json: JSONValue {
    var scalarizing: [JSONMember] = [
      JSONMember("method", .string(scalarizer.methodName)),
      JSONMember("tau", .number(scalarizer.tau)),
    ]
    if let penalty = scalarizer.variancePenalty {
      scalarizing.append(JSONMember("variance_penalty", .number(penalty)))
    }
    scalarizing += [
      JSONMember("quantile", .number(scalarizer.quantile)),
      JSONMember("nash_link", .string(scalarizer.nashLinkName)),
    ]
    return [
      "name": .string(name), "model": .string(model), "seed": .integer(seed),
      "principles": .array(
        principles.map { ["id": .string($0.id), "weight": .number($0.weight)] }
      ),
      "judge": .string(judge),
      "prompts": [
        "file": .string(prompts.file), "held_out_share": .number(prompts.heldOutShare),
      ],
      "sampling": .object(
        [
          JSONMember("samples_per_prompt", .integer(sampling.samplesPerPrompt)),
          JSONMember("pairs_per_prompt_max", .integer(sampling.pairsPerPromptMax)),
          JSONMember("hints", .array(sampling.hints.map { .string($0) })),
        ] + sampling.options.members
      ),
      "preferences": preferences.json,
      "scalarizer": .object(scalarizing),
      "policy": policy.json,
      "evaluation": .object(
        [JSONMember("samples_per_prompt", .integer(evaluation.samplesPerPrompt))]
          + evaluation.options.members
      ),
    ]
  }
}

extension AnswerOptions {
  /// The options by their names in a recipe.
  var members: [JSONMember] {
    [
      JSONMember("temperature", .number(temperature)), JSONMember("top_k", .integer(topK)),
      JSONMember("top_p", .number(topP)), JSONMember("tokens_max", .integer(tokensMax)),
      JSONMember("stop", .array(stop.map { .string($0) })),
    ]
  }
}

/// Writes values as YAML: mappings in blocks, everything inside lists and all scalars as JSON,
/// which YAML includes.
enum YAMLText {
  /// The members of an object, one a line.
  static func mapping(_ value: JSONValue, indentation: Int = 0) -> String {
    let margin = String(repeating: " ", count: indentation)
    return (value.members ?? []).map { member in
      switch member.value {
      case .object(let members) where !members.isEmpty:
        "\(margin)\(member.name):\n"
          + mapping(member.value, indentation: indentation + 2)
      case .array(let elements) where elements.contains { $0.members != nil }:
        "\(margin)\(member.name):\n"
          + elements.map { "\(margin)  - \($0.line)\n" }.joined()
      case .string(let text):
        // A dollar sign would begin a variable when the file is read again.
        "\(margin)\(member.name): \(JSONValue.string(text.replacing("$", with: "$$")).line)\n"
      case .array(let elements):
        "\(margin)\(member.name): "
          + JSONValue.array(elements.map(escapingVariables)).line + "\n"
      default:
        "\(margin)\(member.name): \(member.value.line)\n"
      }
    }.joined()
  }

  private static func escapingVariables(_ value: JSONValue) -> JSONValue {
    value.text.map { .string($0.replacing("$", with: "$$")) } ?? value
  }
}
