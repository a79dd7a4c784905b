/// A JSON value; numbers keep their digits, so that no integer loses precision.
enum JSONValue: Equatable {
  case null
  case bool(Bool)
  /// The number as it was written.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// Members in the order they came; keys are unique.
  case object([Member])

  /// A key and its value.
  struct Member: Equatable {
    let key: String
    let value: JSONValue
  }

  /// What the value is, for error texts.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
