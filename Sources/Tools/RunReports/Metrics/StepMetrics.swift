package import JSON

/// What one training step reported: one line of `metrics.jsonl`.
package struct StepMetrics: Sendable, Equatable {
  /// 1 to the number of steps.
  package var step: Int
  /// Seconds the step took.
  package var seconds: Double
  /// The scalarizer version that gave every reward of the step.
  package var configurationVersion: Int
  /// SHA-256 of that configuration.
  package var configurationHash: String
  /// Where that scalarizer answered.
  package var scalarizerEndpoint: String
  /// Name and value, in the order in which the trainer sent them.
  package var values: [(name: String, value: Double)]

  /// Puts the parts together.
  package init(
    step: Int,
    seconds: Double,
    configurationVersion: Int,
    configurationHash: String,
    scalarizerEndpoint: String,
    values: [(name: String, value: Double)]
  ) {
    self.step = step
    self.seconds = seconds
    self.configurationVersion = configurationVersion
    self.configurationHash = configurationHash
    self.scalarizerEndpoint = scalarizerEndpoint
    self.values = values
  }

  /// Two values are equal when they are written the same.
  package static func == (left: StepMetrics, right: StepMetrics) -> Bool {
    left.json == right.json
  }

  /// Whether both say the same of the policy, however long the step took: one that a trainer made
  /// again after a restart differs in nothing but its times.
  package func saysSame(as other: StepMetrics) -> Bool {
    func timeless(_ step: StepMetrics) -> StepMetrics {
      var step = step
      step.seconds = 0
      step.values.removeAll { $0.name.hasPrefix("time/") || $0.name == "eps" }
      return step
    }
    return timeless(self) == timeless(other)
  }

  /// A value by name.
  package subscript(name: String) -> Double? {
    values.first { $0.name == name }?.value
  }

  /// The line of `metrics.jsonl`.
  package var json: JSONValue {
    [
      "step": .integer(step), "seconds": .number(seconds),
      "configuration_version": .integer(configurationVersion),
      "configuration_hash": .string(configurationHash),
      "scalarizer_endpoint": .string(scalarizerEndpoint),
      "metrics": .object(values.map { JSONMember($0.name, .number($0.value)) }),
    ]
  }

  /// Reads a line; nil when a member is missing or of another kind.
  package init?(json: JSONValue) {
    guard let step = json["step"]?.whole, let seconds = json["seconds"]?.double,
      let version = json["configuration_version"]?.whole,
      let hash = json["configuration_hash"]?.text,
      let endpoint = json["scalarizer_endpoint"]?.text,
      let metrics = json["metrics"]?.members
    else { return nil }
    self.init(
      step: step,
      seconds: seconds,
      configurationVersion: version,
      configurationHash: hash,
      scalarizerEndpoint: endpoint,
      values: metrics.compactMap { member in member.value.double.map { (member.name, $0) } }
    )
  }
}
