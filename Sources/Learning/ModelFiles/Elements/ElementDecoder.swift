/// Decodes stored elements into floats.
///
/// The arithmetic is that of ggml's reference (`d * q + m` in binary32, no fused operation), so that
/// values are equal bit for bit to the `gguf` Python package. Pointers may be unaligned. Callers
/// have checked that `source` holds `count` elements in whole blocks and `target` has room for them.
enum ElementDecoder {
  /// Decodes `count` elements and tells whether all of them are finite.
  static func decode(
    _ type: ElementType,
    from source: UnsafeRawPointer,
    count: Int,
    into target: UnsafeMutablePointer<Float>
  ) -> Bool {
    switch type {
    case .float32: copyFloat32(source, count, target)
    case .float16:
      // An exponent of all ones would become an ordinary number below, so it is looked for first.
      if !isFiniteFloat16(source, count) { return false }
      decodeFloat16(source, count, target)
    case .bfloat16: decodeBFloat16(source, count, target)
    case .q8_0: decodeQ8_0(source, count / 32, target)
    case .q4_0: decodeQ4_0(source, count / 32, target)
    case .q4_1: decodeQ4_1(source, count / 32, target)
    case .q5_0: decodeQ5(source, count / 32, target, hasMinimum: false)
    case .q5_1: decodeQ5(source, count / 32, target, hasMinimum: true)
    case .q4_K: decodeQ4_K(source, count / 256, target)
    case .q5_K: decodeQ5_K(source, count / 256, target)
    case .q6_K: decodeQ6_K(source, count / 256, target)
    }
    return isFinite(target, count)
  }

  /// Tells whether no element is infinite or NaN.
  static func isFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    // The largest magnitude as bits: a maximum without branches, which the compiler vectorises.
    var largest: Int32 = 0
    for index in 0..<count {
      largest = max(largest, Int32(bitPattern: values[index].bitPattern & 0x7FFF_FFFF))
    }
    return largest < 0x7F80_0000
  }

  private static func copyFloat32(
    _ source: UnsafeRawPointer,
    _ count: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
      target[index] = Float(bitPattern: UInt32(littleEndian: bits))
    }
  }

  private static func isFiniteFloat16(_ source: UnsafeRawPointer, _ count: Int) -> Bool {
    var largest: Int16 = 0
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
      largest = max(largest, Int16(bitPattern: UInt16(littleEndian: bits) & 0x7FFF))
    }
    return largest < 0x7C00
  }

  private static func decodeFloat16(
    _ source: UnsafeRawPointer,
    _ count: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
      target[index] = float(half: UInt16(littleEndian: bits))
    }
  }

  /// A finite binary16 as a float: the bits are moved into place and the exponent's bias is mended
  /// by one multiplication, which is exact and right for subnormal numbers too.
  private static func float(half bits: UInt16) -> Float {
    let magnitude = Float(bitPattern: UInt32(bits & 0x7FFF) << 13) * 0x1p112
    return Float(bitPattern: magnitude.bitPattern | UInt32(bits & 0x8000) << 16)
  }

  private static func decodeBFloat16(
    _ source: UnsafeRawPointer,
    _ count: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for index in 0..<count {
      let bits = source.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
      target[index] = Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
    }
  }

  /// A block's binary16 scale; infinite and NaN scales stay so, for the check that follows.
  static func scale(_ source: UnsafeRawPointer, at offset: Int) -> Float {
    let bits = UInt16(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    return bits & 0x7C00 == 0x7C00 ? .nan : float(half: bits)
  }

  private static func decodeQ8_0(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 34 * block
      let d = scale(start, at: 0)
      let quants = (start + 2).assumingMemoryBound(to: Int8.self)
      let values = target + 32 * block
      for index in 0..<32 { values[index] = Float(quants[index]) * d }
    }
  }

  private static func decodeQ4_0(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 18 * block
      let d = scale(start, at: 0)
      let quants = (start + 2).assumingMemoryBound(to: UInt8.self)
      let values = target + 32 * block
      for index in 0..<16 {
        values[index] = Float(Int32(quants[index] & 15) - 8) * d
        values[index + 16] = Float(Int32(quants[index] >> 4) - 8) * d
      }
    }
  }

  private static func decodeQ4_1(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>
  ) {
    for block in 0..<blocks {
      let start = source + 20 * block
      let d = scale(start, at: 0)
      let m = scale(start, at: 2)
      let quants = (start + 4).assumingMemoryBound(to: UInt8.self)
      let values = target + 32 * block
      for index in 0..<16 {
        values[index] = Float(Int32(quants[index] & 15)) * d + m
        values[index + 16] = Float(Int32(quants[index] >> 4)) * d + m
      }
    }
  }

  private static func decodeQ5(
    _ source: UnsafeRawPointer,
    _ blocks: Int,
    _ target: UnsafeMutablePointer<Float>,
    hasMinimum: Bool
  ) {
    let header = hasMinimum ? 4 : 2
    for block in 0..<blocks {
      let start = source + (header + 20) * block
      let d = scale(start, at: 0)
      let m = hasMinimum ? scale(start, at: 2) : 0
      let bias: Int32 = hasMinimum ? 0 : 16
      // The fifth bits of all 32 elements, then the nibbles.
      let high = UInt32(
        littleEndian: start.loadUnaligned(fromByteOffset: header, as: UInt32.self)
      )
      let quants = (start + header + 4).assumingMemoryBound(to: UInt8.self)
      let values = target + 32 * block
      for index in 0..<16 {
        let low = UInt32(quants[index] & 15) | (high >> UInt32(index) & 1) << 4
        let upper = UInt32(quants[index] >> 4) | (high >> UInt32(index + 16) & 1) << 4
        let first = Float(Int32(low) - bias) * d
        let second = Float(Int32(upper) - bias) * d
        values[index] = hasMinimum ? first + m : first
        values[index + 16] = hasMinimum ? second + m : second
      }
    }
  }
}
