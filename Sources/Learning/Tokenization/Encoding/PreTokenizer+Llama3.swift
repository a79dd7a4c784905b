extension PreTokenizer {
  /// Applies `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
  /// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, the pattern of Llama 3.
  ///
  /// Qwen2's is the same with one digit at a time (`digitsMax`).
  static func scanLlama3(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    digitsMax: Int,
    _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = llama3WordEnd(bytes, start..<range.upperBound, digitsMax: digitsMax)
      body(start..<end)
      start = end
    }
  }

  /// The end of the word at the beginning of `range`; the alternatives in the pattern's order.
  private static func llama3WordEnd(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    digitsMax: Int
  ) -> Int {
    let (start, limit) = (range.lowerBound, range.upperBound)
    if bytes[start] == UInt8(ascii: "'"),
      let length = anyCaseContractionLength(bytes, after: start + 1, limit: limit)
    {
      return start + 1 + length
    }
    let (kind, length) = scalarClass(bytes, at: start)
    let next = start + length
    let nextKind = next < limit ? scalarClass(bytes, at: next).0 : nil
    switch kind {
    case .letter: return runEnd(bytes, of: .letter, from: next, limit: limit)
    case .number:
      var end = next
      for _ in 1..<digitsMax where end < limit {
        let (other, otherLength) = scalarClass(bytes, at: end)
        if other != .number { break }
        end += otherLength
      }
      return end
    case .space, .other:
      // One code point before letters belongs to them, except a line break.
      if nextKind == .letter, !isLineBreak(bytes[start]) {
        return runEnd(bytes, of: .letter, from: next, limit: limit)
      }
      if kind == .other || (bytes[start] == UInt8(ascii: " ") && nextKind == .other) {
        var end = runEnd(bytes, of: .other, from: next, limit: limit)
        while end < limit, isLineBreak(bytes[end]) { end += 1 }
        return end
      }
      return spaceEnd(bytes, range)
    }
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`.
  private static func spaceEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    var end = range.lowerBound
    var lastLength = 0
    var lineEnd: Int?
    while end < range.upperBound {
      let (kind, length) = scalarClass(bytes, at: end)
      if kind != .space { break }
      end += length
      lastLength = length
      if isLineBreak(bytes[end - length]) { lineEnd = end }
    }
    if let lineEnd { return lineEnd }
    if end < range.upperBound, end - lastLength > range.lowerBound { return end - lastLength }
    return end
  }

  private static func runEnd(
    _ bytes: Span<UInt8>,
    of kind: ScalarClass,
    from start: Int,
    limit: Int
  ) -> Int {
    var end = start
    while end < limit {
      let (other, length) = scalarClass(bytes, at: end)
      if other != kind { break }
      end += length
    }
    return end
  }

  private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }

  /// The bytes of a contraction in any case after its apostrophe; `ſ` (U+017F) is an s, too.
  private static func anyCaseContractionLength(
    _ bytes: Span<UInt8>,
    after start: Int,
    limit: Int
  ) -> Int? {
    guard start < limit else { return nil }
    let next = start + 1 < limit ? bytes[start + 1] : 0
    switch bytes[start] | 0x20 {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"): return next | 0x20 == UInt8(ascii: "e") ? 2 : nil
    case UInt8(ascii: "l"): return next | 0x20 == UInt8(ascii: "l") ? 2 : nil
    default: return bytes[start] == 0xC5 && next == 0xBF ? 2 : nil
    }
  }
}
