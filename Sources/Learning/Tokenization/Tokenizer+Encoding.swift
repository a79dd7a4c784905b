extension Tokenizer {
  /// Whether texts are merged from code points and not from bytes.
  var isPieces: Bool { if case .codePoints = symbols { true } else { false } }

  /// The ids of a text.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - allowSpecial: whether the texts of control tokens (such as `<|im_end|>`) become those
  ///     tokens, as the reference does; texts from strangers should not be allowed to.
  /// - Returns: the ids, without any token before or after the text's own.
  /// - Complexity: O(n log n) in the length of the longest word, linear otherwise. SentencePiece
  ///   vocabularies take a whole text as one word.
  package func encode(_ text: String, allowSpecial: Bool = true) -> [Int32] {
    encode(text, allowSpecial: allowSpecial, continuesText: false)
  }

  /// The ids of a text that may follow another, as the turns of a conversation do.
  func encode(_ text: String, allowSpecial: Bool, continuesText: Bool) -> [Int32] {
    let bytes = text.utf8Span.span
    var output: [Int32] = []
    output.reserveCapacity(bytes.count / 3)
    var merger = BytePairMerger()
    added.forEachPart(of: bytes, allowSpecial: allowSpecial) { part in
      switch part {
      case .token(let id): output.append(id)
      case .text(let range):
        let isFirst = range.lowerBound == 0 && !continuesText
        let piece = bytes.extracting(range)
        if normalizer.isIdentity, addedNormalized.all.isEmpty {
          appendText(piece, isFirst: isFirst, with: &merger, to: &output)
          return
        }
        let normalized = normalizer.apply(piece)
        let span = normalized.span
        addedNormalized.forEachPart(of: span, allowSpecial: allowSpecial) { part in
          switch part {
          case .token(let id): output.append(id)
          case .text(let range):
            appendText(
              span.extracting(range),
              isFirst: isFirst && range.lowerBound == 0,
              with: &merger,
              to: &output
            )
          }
        }
      }
    }
    return output
  }

  /// Appends the ids of a normalised text without added tokens.
  private func appendText(
    _ text: Span<UInt8>,
    isFirst: Bool,
    with merger: inout BytePairMerger,
    to output: inout [Int32]
  ) {
    switch symbols {
    case .bytes(let preTokenizer):
      preTokenizer.forEachWord(in: text, 0..<text.count) { word in
        let word = text.extracting(word)
        if appendWhole(word, to: &output) { return }
        merger.append(word, byteTokens: byteTokens, merges: merges, to: &output)
      }
    case .codePoints(let metaspace):
      var bytes = text.indices.map { text[$0] }
      var ends = [bytes.count]
      if let metaspace {
        bytes = metaspace.apply(bytes, isFirst: isFirst)
        ends = metaspace.wordEnds(bytes)
      }
      let span = bytes.span
      var start = 0
      for end in ends {
        let word = span.extracting(start..<end)
        start = end
        if appendWhole(word, to: &output) { continue }
        merger.append(symbols: codePointTokens(word), merges: merges, to: &output)
      }
    }
  }

  /// Appends the one token of a word, where words are taken whole and there is one.
  private func appendWhole(_ word: Span<UInt8>, to output: inout [Int32]) -> Bool {
    if wholeWords.isEmpty { return false }
    guard let whole = wholeWords[word.indices.map { word[$0] }] else { return false }
    output.append(whole)
    return true
  }

  /// The tokens of a word's code points; one without a token becomes its bytes.
  private func codePointTokens(_ word: Span<UInt8>) -> [Int32] {
    var tokens: [Int32] = []
    var index = 0
    while index < word.count {
      let (scalar, length) = PreTokenizer.scalar(word, at: index)
      if let token = scalarTokens[scalar.value] {
        tokens.append(token)
      } else {
        for place in index..<index + length { tokens.append(byteTokens[Int(word[place])]) }
      }
      index += length
    }
    return tokens
  }
}
