/// One element of one quantised block, straight from the format's description: bit by bit, no loops
/// shared between elements.
enum NaiveBlock {
  struct UnknownType: Error {}

  /// Where in a block the binary16 factors lie.
  static func scaleBytes(_ type: String) -> Set<Int> {
    switch type {
    case "Q8_0", "Q4_0", "Q5_0": [0, 1]
    case "Q6_K": [208, 209]
    default: [0, 1, 2, 3]
    }
  }

  static func value(_ type: String, _ bytes: [UInt8], _ element: Int) throws -> Float {
    // The 32-element types keep element i in the low nibble of byte i, element i + 16 in the high.
    let nibble = { (start: Int) -> Int in
      Int(bytes[start + element % 16] >> (element < 16 ? 0 : 4)) & 15
    }
    let bit = { (start: Int, number: Int) -> Int in
      Int(bytes[start + number / 8] >> (number % 8)) & 1
    }
    switch type {
    case "Q8_0": return Float(Int8(bitPattern: bytes[2 + element])) * half(bytes, 0)
    case "Q4_0": return Float(nibble(2) - 8) * half(bytes, 0)
    case "Q4_1": return Float(nibble(4)) * half(bytes, 0) + half(bytes, 2)
    case "Q5_0": return Float(nibble(6) + 16 * bit(2, element) - 16) * half(bytes, 0)
    case "Q5_1": return Float(nibble(8) + 16 * bit(4, element)) * half(bytes, 0) + half(bytes, 2)
    case "Q4_K": return fourOrFive(bytes, element, quants: 16, fifth: 0)
    case "Q5_K":
      return fourOrFive(bytes, element, quants: 48, fifth: bit(16 + element % 32, element / 32))
    case "Q6_K": return six(bytes, element)
    default: throw UnknownType()
    }
  }

  private static func fourOrFive(
    _ bytes: [UInt8],
    _ element: Int,
    quants: Int,
    fifth: Int
  ) -> Float {
    let part = element / 32
    let byte = bytes[quants + 32 * (part / 2) + element % 32]
    let quant = Int(part % 2 == 0 ? byte & 15 : byte >> 4) + 16 * fifth
    let packed = bytes[4..<16].map(Int.init)
    let scale = part < 4 ? packed[part] % 64 : packed[part + 4] % 16 + packed[part - 4] / 64 * 16
    let minimum = part < 4 ? packed[part + 4] % 64 : packed[part + 4] / 16 + packed[part] / 64 * 16
    return half(bytes, 0) * Float(scale) * Float(quant) - half(bytes, 2) * Float(minimum)
  }

  private static func six(_ bytes: [UInt8], _ element: Int) -> Float {
    let (halfNumber, inner) = element.quotientAndRemainder(dividingBy: 128)
    let (run, index) = inner.quotientAndRemainder(dividingBy: 32)
    let byte = bytes[64 * halfNumber + 32 * (run % 2) + index]
    let low = Int(run < 2 ? byte & 15 : byte >> 4)
    let high = Int(bytes[128 + 32 * halfNumber + index] >> (2 * run)) & 3
    let scale = Int8(bitPattern: bytes[192 + element / 16])
    return half(bytes, 208) * Float(scale) * Float(low + 16 * high - 32)
  }

  /// A finite binary16, from sign, exponent and fraction.
  private static func half(_ bytes: [UInt8], _ offset: Int) -> Float {
    let bits = Int(bytes[offset]) + Int(bytes[offset + 1]) << 8
    let exponent = bits >> 10 & 31
    let fraction = Float(bits & 1023) / 1024
    let magnitude =
      exponent == 0
      ? Float(sign: .plus, exponent: -14, significand: fraction)
      : Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }
}
