internal import Foundation
internal import Labeling
internal import LanguageModels
internal import ModelKit
internal import ServiceKit
internal import Tensors
internal import Tokenization

/// Scores verdicts with a local language model: the log-probability of each candidate as the beginning
/// of the reply.
struct LocalVerdictScorer: VerdictScorer {
  private let base: BaseModel
  private let thread = WorkThread(name: "judge model", waitingMax: 64)
  /// Most tokens computed at once.
  private static let tokensMax = 4096

  let batchSize = 8
  var modelID: String { base.id }
  var modelVersion: String { base.version }

  init(_ base: BaseModel) {
    self.base = base
  }

  func logProbabilities(
    of candidates: [String],
    after conversations: [[JudgeMessage]]
  ) async throws -> [[Double]] {
    let base = self.base
    return try await thread.perform {
      let texts = candidates.map { base.tokenizer.encode($0, allowSpecial: false) }
      return try conversations.map { try Self.score(texts, after: $0, base) }
    }
  }

  /// The log-probabilities of one conversation's candidates.
  ///
  /// Candidates that begin alike share a sequence: each distinct beginning is run once, and its last
  /// row says how likely every token is that may follow.
  private static func score(
    _ candidates: [[Int32]],
    after conversation: [JudgeMessage],
    _ base: BaseModel
  ) throws -> [Double] {
    let prompt = try base.tokenizer.chatTemplate().tokens(
      conversation.map { ChatMessage(role: $0.role, content: $0.content) },
      addGenerationPrompt: true,
      tokenizer: base.tokenizer,
      allowSpecialInContent: false
    )
    var beginnings: [[Int32]] = []
    var place: [[Int32]: Int] = [:]
    for candidate in candidates {
      for length in candidate.indices where place[Array(candidate[..<length])] == nil {
        place[Array(candidate[..<length])] = beginnings.count
        beginnings.append(Array(candidate[..<length]))
      }
    }
    let batch = PackedBatch(sharingPrefixesOf: beginnings.map { prompt + $0 })
    try batch.check(for: base.model.configuration)
    let hidden = base.model.hiddenStates(batch, rows: batch.lastRows)
    let tables = beginnings.indices.map { logSoftmax(base.model.logits(hidden, row: $0)) }
    return candidates.map { candidate in
      candidate.indices.reduce(0) { sum, length in
        guard let row = place[Array(candidate[..<length])] else { return -.infinity }
        return sum + tables[row][Int(candidate[length])]
      }
    }
  }

  private static func logSoftmax(_ logits: [Float]) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let total = log(logits.reduce(0.0) { $0 + exp(Double($1) - largest) })
    return logits.map { Double($0) - largest - total }
  }
}
