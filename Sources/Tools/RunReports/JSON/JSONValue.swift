/// A JSON value whose objects keep the order of their members.
///
/// Journals, metrics and summaries are read by people as well as by programs, so the order in which
/// we write a line's members is part of its meaning; dictionaries would lose it.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The member of an object by name; nil when absent or when this is no object.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
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
    default: nil
    }
  }

  /// The number, when it is a whole one.
  package var whole: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
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
}

/// One name and value of a JSON object.
package struct JSONMember: Sendable, Equatable {
  /// The name.
  package let name: String
  /// The value.
  package let value: JSONValue

  /// Makes the value that is written out.
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
