internal import JSON

/// Numbers between their text in JSON and their bits.
enum NumberText {
  /// The integer that a JSON number means, exactly; `1e3` and `5.0` are integers too.
  ///
  /// - Returns: nil when it is no integer or does not fit.
  static func integer<Integer: FixedWidthInteger>(
    _ text: String,
    as type: Integer.Type
  ) -> Integer? {
    guard JSONValue.isNumber(text) else { return nil }
    if let value = Integer(text) { return value }
    let isNegative = text.hasPrefix("-")
    let parts = text.drop(while: { $0 == "-" }).split(whereSeparator: { $0 == "e" || $0 == "E" })
    guard let mantissa = parts.first else { return nil }
    let pieces = mantissa.split(separator: ".")
    let exponent = parts.count > 1 ? Int(parts[1].drop(while: { $0 == "+" })) : 0
    guard let exponent, exponent.magnitude <= 400, let whole = pieces.first else { return nil }
    var digits = String(whole) + (pieces.count > 1 ? pieces[1] : "")
    let fractionCount = (pieces.count > 1 ? pieces[1].count : 0) - exponent
    if fractionCount < 0 {
      digits += String(repeating: "0", count: -fractionCount)
    } else {
      guard digits.suffix(fractionCount).allSatisfy({ $0 == "0" }) else { return nil }
      digits = String(digits.dropLast(fractionCount))
    }
    let significant = String(digits.drop(while: { $0 == "0" }))
    return Integer((isNegative ? "-" : "") + (significant.isEmpty ? "0" : significant))
  }

  /// The number that a JSON number or one of the words `NaN`, `Infinity`, `-Infinity` means.
  ///
  /// - Returns: nil when the text is neither, or is too large to be finite.
  static func real<Real: BinaryFloatingPoint & LosslessStringConvertible>(
    _ text: String,
    as type: Real.Type
  ) -> Real? {
    switch text {
    case "NaN": return .nan
    case "Infinity": return .infinity
    case "-Infinity": return -.infinity
    default:
      guard JSONValue.isNumber(text), let value = Real(text), value.isFinite else { return nil }
      return value
    }
  }

  /// Writes a number, shortest form that reads back the same; what JSON lacks becomes a string.
  static func write<Real: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: Real,
    into writer: inout JSONWriter
  ) {
    if value.isNaN {
      writer.string("NaN")
    } else if value.isInfinite {
      writer.string(value < 0 ? "-Infinity" : "Infinity")
    } else {
      let text = String(value)
      writer.literal(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }
  }
}
