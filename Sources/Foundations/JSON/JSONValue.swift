/// A JSON value whose objects keep the order of their members.
///
/// Own type, because journals and summaries are read by people too, model files have to be written
/// the same way every time, and dictionaries would lose the order that both rest on.
package enum JSONValue: Sendable, Equatable {
  /// The literal null.
  case null
  /// The literal true or false.
  case bool(Bool)
  /// A number written without fraction and exponent that fits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A number as it was written, where ``JSONNumbers/asWritten`` was asked for.
  case numeral(String)
  /// A text.
  case string(String)
  /// A list of values.
  case array([JSONValue])
  /// Members in their order.
  case object([JSONMember])

  /// The member of an object by name; nil when absent or when this is no object.
  ///
  /// Names are compared byte for byte; the last of several wins, as in Python.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The text, when this is a string.
  package var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The number, whole or not.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .numeral(let digits): Double(digits)
    default: nil
    }
  }

  /// The number, when it is a whole one that fits.
  package var whole: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    case .numeral(let digits): Int(digits)
    default: nil
    }
  }

  /// The truth value, when this is one.
  package var truth: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements, when this is an array.
  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members, when this is an object.
  package var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// What the value is, for error texts.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .number, .numeral: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// One name and value of a JSON object.
package struct JSONMember: Sendable, Equatable {
  /// The name.
  package var name: String
  /// The value.
  package var value: JSONValue

  /// Makes a member.
  package init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// Makes the value that is written out.
  package init(stringLiteral value: String) { self = .string(value) }
  /// Makes the value that is written out.
  package init(integerLiteral value: Int) { self = .integer(value) }
  /// Makes the value that is written out.
  package init(floatLiteral value: Double) { self = .number(value) }
  /// Makes the value that is written out.
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Makes the value that is written out.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Makes the value that is written out.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
}
