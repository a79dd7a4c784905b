/// Bytes as text (RFC 4648), for descriptors embedded in source and for bytes in JSON.
package enum Base64 {
  /// The text of `bytes`, padded.
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let rest = bytes.count - index
      var group = UInt32(bytes[index]) << 16
      if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
      if rest > 2 { group |= UInt32(bytes[index + 2]) }
      for position in 0..<4 {
        let isPadding = position > rest
        let digit = Int(group >> UInt32(18 - 6 * position)) & 63
        text.append(isPadding ? UInt8(ascii: "=") : alphabet[digit])
      }
      index += 3
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes of `text`, in the standard or the URL alphabet, padded or not.
  ///
  /// - Returns: nil when a character is not in the alphabets or the length is impossible.
  package static func decode(_ text: String) -> [UInt8]? {
    var digits = [UInt8](text.utf8)[...]
    while let last = digits.last, last == UInt8(ascii: "=") { digits.removeLast() }
    let paddingCount = text.utf8.count - digits.count
    guard paddingCount <= 2, digits.count % 4 != 1 else { return nil }
    guard paddingCount == 0 || (digits.count + paddingCount) % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3 + 2)
    var group: UInt32 = 0
    var bitCount: UInt32 = 0
    for digit in digits {
      guard let value = value(of: digit) else { return nil }
      group = (group << 6 | UInt32(value)) & 0xFFFF
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: group >> bitCount))
      }
    }
    return bytes
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
  )

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
