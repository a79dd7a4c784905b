internal import Messages

/// Values that a recipe writes as words; the empty word leaves the choice to the service.
struct NamedChoices<Value: Equatable & Sendable>: Sendable {
  private let unspecified: Value
  private let choices: [(name: String, value: Value)]

  /// Pairs words with values.
  init(_ unspecified: Value, _ choices: [(String, Value)]) {
    self.unspecified = unspecified
    self.choices = choices.map { (name: $0.0, value: $0.1) }
  }

  /// The value of a word; nil for one that is none of them.
  func value(_ name: String) -> Value? {
    name.isEmpty ? unspecified : choices.first { $0.name == name }?.value
  }

  /// The word for a value; empty for one that has none.
  func name(_ value: Value) -> String {
    choices.first { $0.value == value }?.name ?? ""
  }

  /// The words, for an error's text.
  var names: String { choices.map(\.name).joined(separator: ", ") }
}

extension NamedChoices where Value == PolicyAlgorithm {
  static let algorithms = NamedChoices(
    .unspecified,
    [("ppo", .ppo), ("rloo", .rloo), ("grpo", .grpo)]
  )
}

extension NamedChoices where Value == ScoreNormalization {
  static let scoreNormalizations = NamedChoices(
    .unspecified,
    [("model", .model), ("group", .group), ("batch", .batch)]
  )
}

extension NamedChoices where Value == AdvantageScaling {
  static let advantageScalings = NamedChoices(
    .unspecified,
    [("group", .group), ("batch", .batch), ("none", .none)]
  )
}

extension NamedChoices where Value == LossAggregation {
  static let lossAggregations = NamedChoices(
    .unspecified,
    [("tokens", .tokens), ("sequences", .sequences), ("constant", .constant)]
  )
}
