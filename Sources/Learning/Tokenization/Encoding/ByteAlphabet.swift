/// GPT-2's alphabet: every byte is written as one printable character, so that a vocabulary of
/// byte strings can be kept as text.
///
/// - Source: `bytes_to_unicode` of the GPT-2 encoder.
enum ByteAlphabet {
  /// The character of each byte.
  static let scalars: [Unicode.Scalar] = {
    var scalars: [Unicode.Scalar] = []
    var extra: UInt32 = 256
    for byte in UInt8.min...UInt8.max {
      if (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174 {
        scalars.append(Unicode.Scalar(byte))
      } else {
        // Bytes without a printable Latin-1 character take the code points after Latin-1 in turn.
        scalars.append(Unicode.Scalar(extra) ?? "\u{FFFD}")
        extra += 1
      }
    }
    return scalars
  }()

  /// The byte of each character.
  private static let bytes: [Unicode.Scalar: UInt8] = {
    var bytes: [Unicode.Scalar: UInt8] = [:]
    for byte in UInt8.min...UInt8.max { bytes[scalars[Int(byte)]] = byte }
    return bytes
  }()

  /// The bytes a vocabulary entry stands for; an entry with a character outside the alphabet
  /// stands for its own UTF-8, as in the reference decoder.
  static func bytes(of token: String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(token.utf8.count)
    for scalar in token.unicodeScalars {
      guard scalar.value < 324, let byte = bytes[scalar] else { return Array(token.utf8) }
      result.append(byte)
    }
    return result
  }
}
