internal import LanguageModels
internal import Messages
internal import ModelKit
internal import ServiceKit
internal import Tokenization

/// Log-probabilities of given answers.
struct AnswerLikelihood: Sendable {
  let base: BaseModel
  /// Most tokens computed at once.
  static let tokensMax = 4096

  /// Sums the log-probabilities over each answer's tokens; blocks the calling thread.
  ///
  /// The prompt is one user turn; the end token counts for the items that `ended` names.
  func compute(
    _ items: [TextItem],
    ended: Set<String> = [],
    temperature: Float = 1,
    adapter: LowRankAdapter?
  ) throws -> [LogProbability] {
    let limit = base.model.configuration.contextLength
    let pieces = try items.map { item in
      let prompt = try base.promptTokens(item.prompt)
      var answer = base.tokenizer.encode(item.response, allowSpecial: false)
      if ended.contains(item.id) { answer += base.tokenizer.eosTokenIDs.prefix(1) }
      guard prompt.count + answer.count <= limit else {
        throw MessageChecks.refusal(
          "item '\(item.id)': \(prompt.count + answer.count) tokens exceed a context of \(limit)"
        )
      }
      return (prompt: prompt, answer: answer)
    }
    var results: [LogProbability] = []
    var start = 0
    while start < items.count {
      try Task.checkCancellation()
      var (end, tokens) = (start, 0)
      while end < items.count, end == start || tokens + count(pieces[end]) <= Self.tokensMax {
        tokens += count(pieces[end])
        end += 1
      }
      let starts = pieces[start..<end].map(\.prompt.count)
      let batch = PackedBatch(
        sharingPrefixesOf: pieces[start..<end].map { $0.prompt + $0.answer },
        starts: starts
      )
      let (rows, targets) = batch.predictingRows(starts: starts)
      let values =
        rows.isEmpty
        ? []
        : base.model.logProbabilities(
          base.model.hiddenStates(batch, adapter: adapter, rows: rows),
          targets: targets,
          temperature: temperature
        ).values
      var next = 0
      for index in start..<end {
        let length = pieces[index].answer.count
        let sum = values[next..<next + length].reduce(0.0) { $0 + Double($1) }
        next += length
        results.append(
          LogProbability(
            itemID: items[index].id,
            sum: sum,
            tokens: UInt32(clamping: length)
          )
        )
      }
      start = end
    }
    return results
  }

  private func count(_ piece: (prompt: [Int32], answer: [Int32])) -> Int {
    piece.prompt.count + piece.answer.count
  }
}
