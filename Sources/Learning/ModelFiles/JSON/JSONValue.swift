/// A JSON document as it stands in a file: objects keep the order of their members.
///
/// Own reader and writer, because model files need what the usual ones do not give: members in
/// order (deterministic output), bounded depth, texts compared byte for byte, and speed on
/// `tokenizer.json` with its hundred thousand strings.
package enum JSONValue: Sendable, Equatable {
  /// The literal null.
  case null
  /// The literal true or false.
  case bool(Bool)
  /// A number written without fraction and exponent that fits.
  case integer(Int64)
  /// Any other number.
  case number(Double)
  /// A text.
  case string(String)
  /// A list of values.
  case array([JSONValue])
  /// Members in the order of the file.
  case object([JSONMember])

  /// The member of an object; `nil` for other values and unknown keys.
  ///
  /// The last of several wins, as in Python.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// The value as a text, when it is one.
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The value as a truth value, when it is one.
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value as an integer that fits `Int`, when it is one.
  package var integer: Int? {
    switch self {
    case .integer(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a number, when it is one.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The value as a list, when it is one.
  package var array: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// The value as members, when it is an object.
  package var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }
}

/// One member of a JSON object.
package struct JSONMember: Sendable, Equatable {
  /// The member's name.
  package var key: String
  /// The member's value.
  package var value: JSONValue

  /// Makes a member.
  package init(_ key: String, _ value: JSONValue) {
    self.key = key
    self.value = value
  }
}
