/// The classes of code points that the pre-tokenizers tell apart.
enum ScalarClass: UInt8 {
  /// `\p{L}`.
  case letter
  /// `\p{N}`.
  case number
  /// `\s`.
  case space
  /// Everything else.
  case other

  /// The class of a code point as the reference's regular expressions see it.
  ///
  /// The reference (`tokenizers` with its Oniguruma engine) knows Unicode 16; code points assigned
  /// later are `other` there, whatever this system's tables say. All other code points were
  /// compared one by one and agree.
  init(_ scalar: Unicode.Scalar) {
    if scalar.isASCII {
      self = Self.ascii[Int(scalar.value)]
      return
    }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = Self.isAssigned(properties, in: 16) ? .letter : .other
    case .decimalNumber, .letterNumber, .otherNumber:
      self = Self.isAssigned(properties, in: 16) ? .number : .other
    default:
      self = properties.isWhitespace ? .space : .other
    }
  }

  /// Whether the reference's `Digits` step splits a code point off: Rust's `char::is_numeric`,
  /// which knows Unicode 17 there.
  static func isNumeric(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return ascii[Int(scalar.value)] == .number }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: return isAssigned(properties, in: 17)
    default: return false
    }
  }

  private static func isAssigned(_ properties: Unicode.Scalar.Properties, in major: Int) -> Bool {
    properties.age.map { $0.major <= major } ?? false
  }

  private static let ascii: [ScalarClass] = (UInt8(0)..<128).map { byte in
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
    case 9...13, 32: .space
    default: .other
    }
  }
}
