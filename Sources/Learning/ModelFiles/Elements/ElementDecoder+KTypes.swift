/// The K types: blocks of 256 elements in parts with scales of their own.
///
/// - Source: `dequantize_row_q4_K`, `_q5_K` and `_q6_K` of ggml. A block's parts are stored in pairs
///   that share bytes: the low nibbles are one part, the high nibbles the next.
extension ElementDecoder {
  /// Blocks of 144 bytes: `d`, `dmin` (binary16), 12 bytes of packed scales, 128 bytes of nibbles.
  ///
  /// Element = `(d · scale) · nibble - dmin · minimum`.
  static func decodeQ4_K(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 144 * block
      let scales = (start + 4).assumingMemoryBound(to: UInt8.self)
      let quants = (start + 16).assumingMemoryBound(to: UInt8.self)
      for pair in 0..<4 {
        let low = partFactors(start, scales, part: 2 * pair)
        let high = partFactors(start, scales, part: 2 * pair + 1)
        let values = target + 256 * block + 64 * pair
        for index in 0..<32 {
          let quant = quants[32 * pair + index]
          values[index] = low.d * Float(quant & 15) - low.m
          values[index + 32] = high.d * Float(quant >> 4) - high.m
        }
      }
    }
  }

  /// Blocks of 176 bytes: as `decodeQ4_K`, with 32 bytes of fifth bits before the nibbles; bit p of
  /// byte i belongs to element i of part p.
  static func decodeQ5_K(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 176 * block
      let scales = (start + 4).assumingMemoryBound(to: UInt8.self)
      let fifths = (start + 16).assumingMemoryBound(to: UInt8.self)
      let quants = (start + 48).assumingMemoryBound(to: UInt8.self)
      for pair in 0..<4 {
        let low = partFactors(start, scales, part: 2 * pair)
        let high = partFactors(start, scales, part: 2 * pair + 1)
        let shift = UInt8(truncatingIfNeeded: 2 * pair)
        let values = target + 256 * block + 64 * pair
        for index in 0..<32 {
          let quant = quants[32 * pair + index]
          let bits = fifths[index] >> shift
          values[index] = low.d * Float(quant & 15 | (bits & 1) << 4) - low.m
          values[index + 32] = high.d * Float(quant >> 4 | (bits >> 1 & 1) << 4) - high.m
        }
      }
    }
  }

  /// Blocks of 210 bytes: 128 bytes of nibbles, 64 of upper bit pairs, 16 signed scales, `d`
  /// (binary16).
  ///
  /// Each half of 128 elements is four runs of 32 that share 64 bytes of nibbles and 32 bytes of bit
  /// pairs; a scale is for 16 elements. Element = `(d · scale) · (quant - 32)`.
  static func decodeQ6_K(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 210 * block
      let d = scale(start, at: 208)
      for half in 0..<2 {
        let quants = (start + 64 * half).assumingMemoryBound(to: UInt8.self)
        let uppers = (start + 128 + 32 * half).assumingMemoryBound(to: UInt8.self)
        let scales = (start + 192 + 8 * half).assumingMemoryBound(to: Int8.self)
        let values = target + 256 * block + 128 * half
        for index in 0..<32 {
          let part = index / 16
          let first = quants[index]
          let second = quants[index + 32]
          let upper = uppers[index]
          let q0 = Int32(first & 15 | (upper & 3) << 4) - 32
          let q1 = Int32(second & 15 | (upper >> 2 & 3) << 4) - 32
          let q2 = Int32(first >> 4 | (upper >> 4 & 3) << 4) - 32
          let q3 = Int32(second >> 4 | (upper >> 6) << 4) - 32
          values[index] = d * Float(scales[part]) * Float(q0)
          values[index + 32] = d * Float(scales[part + 2]) * Float(q1)
          values[index + 64] = d * Float(scales[part + 4]) * Float(q2)
          values[index + 96] = d * Float(scales[part + 6]) * Float(q3)
        }
      }
    }
  }

  /// The scale and the minimum of one of eight parts, from 12 bytes of packed six-bit numbers.
  ///
  /// Bytes 0 to 3 and 4 to 7 hold those of parts 0 to 3 in their low six bits; the high two bits go
  /// on top of the nibbles in bytes 8 to 11, which are the scales and minima of parts 4 to 7.
  private static func partFactors(
    _ start: UnsafeRawPointer,
    _ packed: UnsafePointer<UInt8>,
    part: Int
  ) -> (d: Float, m: Float) {
    let sixBitScale: UInt8
    let sixBitMinimum: UInt8
    if part < 4 {
      sixBitScale = packed[part] & 63
      sixBitMinimum = packed[part + 4] & 63
    } else {
      sixBitScale = packed[part + 4] & 15 | (packed[part - 4] >> 6) << 4
      sixBitMinimum = packed[part + 4] >> 4 | (packed[part] >> 6) << 4
    }
    return (
      d: scale(start, at: 0) * Float(sixBitScale), m: scale(start, at: 2) * Float(sixBitMinimum)
    )
  }
}
