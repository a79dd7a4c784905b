/// The values of one mapping of a configuration, after its keys were checked against the known ones.
///
/// A section's `init(from:)` makes one and reads every value through it, so that a misspelt key is refused
/// instead of silently ignored.
package struct SectionValues<Keys: CodingKey & CaseIterable> {
  private let container: KeyedDecodingContainer<Keys>

  /// Refuses every key of the mapping that is neither in `Keys` nor in `alsoKnown`.
  package init(
    _ decoder: any Decoder,
    keys: Keys.Type,
    alsoKnown: [String] = []
  ) throws {
    let known = keys.allCases.map(\.stringValue) + alsoKnown
    let present = try decoder.container(keyedBy: AnyKey.self)
    for key in present.allKeys where !known.contains(key.stringValue) {
      let list = known.sorted().joined(separator: ", ")
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath + [key],
          debugDescription: "is not a known key; known here: \(list)"
        )
      )
    }
    container = try decoder.container(keyedBy: keys)
  }

  /// Whether the mapping has the key.
  package func has(_ key: Keys) -> Bool {
    container.contains(key)
  }

  /// The value of a key that must be there.
  package func required<Value: Decodable>(
    _ key: Keys,
    as type: Value.Type = Value.self
  ) throws -> Value {
    try container.decode(type, forKey: key)
  }

  /// The value of a key that may be left out.
  package func optional<Value: Decodable>(
    _ key: Keys,
    as type: Value.Type = Value.self
  ) throws -> Value? {
    try container.decodeIfPresent(type, forKey: key)
  }

  /// The value of a key, or a default when it is left out.
  package func value<Value: Decodable>(_ key: Keys, default fallback: Value) throws -> Value {
    try container.decodeIfPresent(Value.self, forKey: key) ?? fallback
  }

  /// A number that must lie in a range.
  package func number<Value: Decodable & Comparable>(
    _ key: Keys,
    default fallback: Value,
    in range: ClosedRange<Value>
  ) throws -> Value {
    let value = try self.value(key, default: fallback)
    // NaN compares false with everything and is refused here too.
    guard range.lowerBound <= value, value <= range.upperBound else {
      throw refusal(
        key,
        "\(value) is outside \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return value
  }

  /// A text that may not be empty.
  package func text(_ key: Keys, default fallback: String? = nil) throws -> String {
    let text: String =
      if let fallback { try value(key, default: fallback) } else { try required(key) }
    guard !text.isEmpty else { throw refusal(key, "is empty") }
    return text
  }

  /// An error that names the key.
  package func refusal(_ key: Keys, _ reason: String) -> DecodingError {
    .dataCorrupted(
      .init(codingPath: container.codingPath + [key], debugDescription: reason)
    )
  }
}

/// A key of whatever name.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int? = nil

  init?(stringValue: String) {
    self.stringValue = stringValue
  }

  init?(intValue: Int) {
    return nil
  }
}
