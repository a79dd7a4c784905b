/// One metadata value of a GGUF file.
package enum GGUFValue: Sendable, Equatable {
  /// An unsigned integer of any width.
  case unsigned(UInt64)
  /// A signed integer of any width.
  case signed(Int64)
  /// A float of any width.
  case float(Double)
  /// A truth value.
  case bool(Bool)
  /// A text.
  case string(String)
  /// An array of numbers or truth values.
  case numbers([GGUFValue])
  /// An array of texts.
  case strings([String])

  /// The value as an integer, when it is one that fits.
  package var integer: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a number, when it is one.
  package var number: Double? {
    switch self {
    case .unsigned(let value): Double(value)
    case .signed(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
}
