package import RPC

/// Checks of what callers send; every refusal is INVALID_ARGUMENT and names the field and the item
/// (METHODS C8).
package enum MessageChecks {
  /// Longest identifier in bytes.
  package static let identifierBytesMax = 256

  /// Makes the error that refuses a request.
  package static func refusal(_ reason: String) -> RPCError {
    RPCError(code: .invalidArgument, message: reason)
  }

  /// Refuses NaN and infinity.
  package static func finite(
    _ value: Double,
    _ what: @autoclosure () -> String
  ) throws(RPCError) -> Double {
    guard value.isFinite else { throw refusal("\(what()): \(value) is not a finite number") }
    return value
  }

  /// Refuses an empty or overlong identifier.
  package static func identifier(_ id: String, _ field: String) throws(RPCError) -> String {
    guard !id.isEmpty else { throw refusal("\(field) is empty") }
    guard id.utf8.count <= identifierBytesMax else {
      throw refusal("\(field) is longer than \(identifierBytesMax) bytes")
    }
    return id
  }

  /// Refuses an identifier that cannot name a file: letters, digits, `-`, `_` and `.`, not first `.`.
  package static func fileName(_ id: String, _ field: String) throws(RPCError) -> String {
    let name = try identifier(id, field)
    let isSafe = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
      }
    }
    guard isSafe, !name.hasPrefix("."), name.utf8.count <= 128 else {
      throw refusal(
        "\(field): '\(name)' must be at most 128 letters, digits, '-', '_' and '.', not first '.'"
      )
    }
    return name
  }

  /// Refuses an empty list, too long a list, and empty or repeated identifiers.
  package static func identifiers(
    _ ids: [String],
    _ field: String,
    countMax: Int
  ) throws(RPCError) {
    try count(ids.count, field, max: countMax)
    var seen: Set<String> = []
    for (index, id) in ids.enumerated() {
      let checked = try identifier(id, "\(field)[\(index)]")
      guard seen.insert(checked).inserted else {
        throw refusal("\(field): '\(checked)' occurs twice")
      }
    }
  }

  /// Refuses an empty list and one that is too long.
  package static func count(_ count: Int, _ field: String, max: Int) throws(RPCError) {
    guard count > 0 else { throw refusal("\(field) is empty") }
    guard count <= max else {
      throw refusal("\(field) has \(count) entries, at most \(max) are allowed")
    }
  }

  /// Refuses a number outside a range, NaN included.
  package static func inRange<Value: Comparable>(
    _ value: Value,
    _ range: ClosedRange<Value>,
    _ field: String
  ) throws(RPCError) -> Value {
    guard range.lowerBound <= value, value <= range.upperBound else {
      throw refusal("\(field): \(value) is outside \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
