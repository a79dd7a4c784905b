/// Tokens that are found in the raw text as whole strings, before anything is cut.
struct AddedTokens: Sendable {
  /// One such token.
  struct Token: Sendable, Equatable {
    /// Its text in UTF-8.
    var bytes: [UInt8]
    /// Its id.
    var id: Int32
    /// Whether it is a control token, which a text may be forbidden to contain.
    var isSpecial: Bool
  }

  /// All tokens.
  let all: [Token]
  /// For each first byte the tokens that begin with it, the longest first.
  private let byFirstByte: [[Token]]

  /// Collects tokens; empty ones are left out.
  init(_ tokens: [Token]) {
    all = tokens.filter { !$0.bytes.isEmpty }
    var table: [[Token]] = Array(repeating: [], count: 256)
    for token in all.sorted(by: { $0.bytes.count > $1.bytes.count }) {
      table[Int(token.bytes[0])].append(token)
    }
    byFirstByte = table
  }

  /// A part of a text: a token, or what is between two of them.
  enum Part {
    case token(Int32)
    case text(Range<Int>)
  }

  /// Calls `body` with the parts of a text in order; tokens are found leftmost first, then longest.
  func forEachPart(of bytes: Span<UInt8>, allowSpecial: Bool, _ body: (Part) -> Void) {
    var start = 0
    while start < bytes.count {
      let match = all.isEmpty ? nil : first(in: bytes, from: start, allowSpecial: allowSpecial)
      let end = match?.offset ?? bytes.count
      if end > start { body(.text(start..<end)) }
      if let match { body(.token(match.token.id)) }
      start = end + (match?.token.bytes.count ?? 0)
    }
  }

  /// The leftmost, longest token at or after `start`.
  private func first(
    in bytes: Span<UInt8>,
    from start: Int,
    allowSpecial: Bool
  ) -> (token: Token, offset: Int)? {
    for offset in start..<bytes.count {
      for token in byFirstByte[Int(bytes[offset])]
      where allowSpecial || !token.isSpecial {
        if offset + token.bytes.count <= bytes.count,
          token.bytes.indices.allSatisfy({ bytes[offset + $0] == token.bytes[$0] })
        {
          return (token, offset)
        }
      }
    }
    return nil
  }
}
