/// Turns tokens into text as they come, never splitting a code point.
///
/// The pieces joined are exactly what `Tokenizer.decode` gives for all tokens at once.
package struct IncrementalDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  /// Bytes at the end whose text is not certain yet.
  private var pending: [UInt8] = []
  /// Whether a token was decoded, so that a space is no longer the first.
  private var hasBegun = false

  /// Starts with nothing decoded.
  package init(_ tokenizer: Tokenizer, skipSpecial: Bool = true) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
  }

  /// Takes one token and returns the text that is now certain; often empty inside an emoji.
  package mutating func append(_ id: Int32) -> String {
    if skipSpecial, tokenizer.isSpecial(id) { return "" }
    let bytes = tokenizer.bytes(of: id)
    if bytes.isEmpty { return "" }
    if tokenizer.isPieces {
      // Whether a run of single bytes is text is known at its end: one wrong byte spoils them all.
      if tokenizer.isFallback(id) {
        pending += bytes
        return ""
      }
      return withoutFirstSpace(takeRun() + String(decoding: bytes, as: UTF8.self))
    }
    pending += bytes
    let held = Self.incompleteSuffix(of: pending)
    let text = String(decoding: pending.dropLast(held), as: UTF8.self)
    pending.removeFirst(pending.count - held)
    return text
  }

  /// Returns what is left; an unfinished code point becomes U+FFFD.
  package mutating func finish() -> String {
    defer { pending = [] }
    return tokenizer.isPieces
      ? withoutFirstSpace(takeRun()) : String(decoding: pending, as: UTF8.self)
  }

  /// The text of a run of single bytes: one U+FFFD for each when they are not UTF-8.
  private mutating func takeRun() -> String {
    defer { pending = [] }
    return String(validating: pending, as: UTF8.self)
      ?? String(repeating: "\u{FFFD}", count: pending.count)
  }

  private mutating func withoutFirstSpace(_ text: String) -> String {
    if text.isEmpty || hasBegun { return text }
    hasBegun = true
    guard tokenizer.stripsFirstSpace, text.unicodeScalars.first == " " else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.dropFirst()))
  }

  /// The number of bytes at the end that begin a code point whose rest is still missing.
  private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
    for (distance, byte) in bytes.reversed().prefix(3).enumerated() {
      let length =
        switch byte {
        case 0x80..<0xC0: 0
        case 0xC2..<0xE0: 2
        case 0xE0..<0xF0: 3
        case 0xF0..<0xF5: 4
        default: 1
        }
      if length == 0 { continue }
      return length > distance + 1 ? distance + 1 : 0
    }
    return 0
  }
}
