/// How a text is cut into words before byte pairs are merged.
enum PreTokenizer: Sendable, Equatable {
  /// GPT-2's pattern.
  case gpt2
  /// Each numeric code point on its own, then GPT-2's pattern on the pieces between.
  case smollm
  /// Llama 3's pattern.
  case llama3
  /// Qwen2's pattern: Llama 3's, one digit at a time.
  case qwen2

  /// Calls `body` with the byte range of each word of valid UTF-8, in order; the ranges cover all.
  func forEachWord(
    in bytes: Span<UInt8>,
    _ range: Range<Int>,
    _ body: (Range<Int>) -> Void
  ) {
    switch self {
    case .gpt2: Self.scanGPT2(bytes, range, body)
    case .smollm: Self.scanSmolLM(bytes, range, body)
    case .llama3: Self.scanLlama3(bytes, range, digitsMax: 3, body)
    case .qwen2: Self.scanLlama3(bytes, range, digitsMax: 1, body)
    }
  }

  private static func scanSmolLM(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    _ body: (Range<Int>) -> Void
  ) {
    var pieceStart = range.lowerBound
    var index = range.lowerBound
    while index < range.upperBound {
      let (scalar, length) = Self.scalar(bytes, at: index)
      if ScalarClass.isNumeric(scalar) {
        Self.scanGPT2(bytes, pieceStart..<index, body)
        body(index..<index + length)
        pieceStart = index + length
      }
      index += length
    }
    Self.scanGPT2(bytes, pieceStart..<range.upperBound, body)
  }

  /// Applies `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  ///
  /// The look-ahead sees only this piece, as in the reference, where each piece is its own string.
  private static func scanGPT2(
    _ bytes: Span<UInt8>,
    _ range: Range<Int>,
    _ body: (Range<Int>) -> Void
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = wordEnd(bytes, from: start, limit: range.upperBound)
      body(start..<end)
      start = end
    }
  }

  private static func wordEnd(
    _ bytes: Span<UInt8>,
    from start: Int,
    limit: Int
  ) -> Int {
    if bytes[start] == UInt8(ascii: "'"),
      let length = contractionLength(bytes, after: start + 1, limit: limit)
    {
      return start + 1 + length
    }
    var (kind, length) = scalarClass(bytes, at: start)
    if bytes[start] == UInt8(ascii: " "), start + 1 < limit {
      // One space belongs to the word that follows it.
      let (next, nextLength) = scalarClass(bytes, at: start + 1)
      if next != .space { (kind, length) = (next, 1 + nextLength) }
    }
    var end = start + length
    var lastLength = length
    while end < limit {
      let (next, nextLength) = scalarClass(bytes, at: end)
      if next != kind { break }
      end += nextLength
      lastLength = nextLength
    }
    // `\s+(?!\S)`: white space before a word leaves its last code point to that word, unless it is
    // the only one.
    if kind == .space, end < limit, end - lastLength > start { return end - lastLength }
    return end
  }

  private static func contractionLength(
    _ bytes: Span<UInt8>,
    after start: Int,
    limit: Int
  ) -> Int? {
    guard start < limit else { return nil }
    switch bytes[start] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 1 < limit && bytes[start + 1] == UInt8(ascii: "e") ? 2 : nil
    case UInt8(ascii: "l"):
      return start + 1 < limit && bytes[start + 1] == UInt8(ascii: "l") ? 2 : nil
    default: return nil
    }
  }

  /// The class of a code point of valid UTF-8, and its length in bytes.
  static func scalarClass(
    _ bytes: Span<UInt8>,
    at index: Int
  ) -> (ScalarClass, Int) {
    let (scalar, length) = scalar(bytes, at: index)
    return (ScalarClass(scalar), length)
  }

  /// Decodes one code point of valid UTF-8.
  static func scalar(
    _ bytes: Span<UInt8>,
    at index: Int
  ) -> (Unicode.Scalar, Int) {
    let lead = UInt32(bytes[index])
    if lead < 0x80 { return (Unicode.Scalar(UInt8(lead)), 1) }
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var value = lead & (0x7F >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
    // Strings hold valid UTF-8, so the fallback is never taken.
    return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
  }
}
