internal import LanguageModels
internal import ModelKit
internal import Preferences
internal import RPC
internal import ServiceKit
internal import Synchronization

/// Scores texts on one thread and joins calls that wait at the same time into one pass.
final class ScoreDesk: Sendable {
  /// One call that waits.
  private final class Ticket: Sendable {
    let texts: [PreferenceText]
    let itemIDs: [String]
    let models: [InstalledModel]
    let outcome = Mutex<Result<[Double], RPCError>?>(nil)

    init(texts: [PreferenceText], itemIDs: [String], models: [InstalledModel]) {
      self.texts = texts
      self.itemIDs = itemIDs
      self.models = models
    }

    /// Calls may share a pass when the same weights answer them in the same order.
    var key: [String] { models.map(\.artifact.weightHash) }
  }

  private let base: BaseModel
  private let encoder: PreferenceTextEncoder
  private let tokensPerBatch: Int
  private let thread: WorkThread
  private let waiting = Mutex<[Ticket]>([])

  /// Prepares the desk; `limits.queueMax` calls may wait.
  init(base: BaseModel, limits: PreferenceModelLimits) throws(PreferenceError) {
    self.base = base
    encoder = try PreferenceTextEncoder(
      tokenizer: base.tokenizer,
      tokenCountMax: min(limits.sequenceTokensMax, base.model.configuration.contextLength)
    )
    tokensPerBatch = limits.tokensPerBatch
    thread = WorkThread(name: "scores", waitingMax: limits.queueMax)
  }

  /// Raw scores of texts by some models, row by row.
  ///
  /// - Throws: `RPCError` naming the item that is too long, or that the queue is full.
  func score(
    _ texts: [PreferenceText],
    itemIDs: [String],
    models: [InstalledModel]
  ) async throws -> [Double] {
    let ticket = Ticket(texts: texts, itemIDs: itemIDs, models: models)
    waiting.withLock { $0.append(ticket) }
    do {
      return try await thread.perform { [self] in
        // Whoever gets the thread first answers for all that came meanwhile.
        answerWaiting()
        guard let outcome = ticket.outcome.withLock({ $0 }) else {
          throw RPCError(code: .internal, message: "the scores were not computed")
        }
        return try outcome.get()
      }
    } catch {
      // A call that the queue refused must not be answered for nothing.
      waiting.withLock { $0.removeAll { $0 === ticket } }
      throw error
    }
  }

  private func answerWaiting() {
    let tickets = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    var groups: [[String]: [Ticket]] = [:]
    for ticket in tickets {
      do throws(RPCError) {
        try check(ticket)
        groups[ticket.key, default: []].append(ticket)
      } catch {
        ticket.outcome.withLock { $0 = .failure(error) }
      }
    }
    for group in groups.values { answer(group) }
  }

  /// Scores the texts of calls that share their models in one go.
  private func answer(_ group: [Ticket]) {
    guard let models = group.first?.models else { return }
    let scorer = PreferenceScorer(
      model: base.model,
      encoder: encoder,
      artifacts: models.map(\.artifact),
      tokenCountMax: tokensPerBatch
    )
    do {
      let scores = try scorer.score(group.flatMap(\.texts)).raw
      var start = 0
      for ticket in group {
        let end = start + ticket.texts.count * models.count
        ticket.outcome.withLock { $0 = Self.finite(Array(scores[start..<end]), ticket) }
        start = end
      }
    } catch {
      for ticket in group { ticket.outcome.withLock { $0 = .failure(error.rpcError) } }
    }
  }

  /// Refuses a text that is too long by the id of its item, so that it fails its own call alone.
  private func check(_ ticket: Ticket) throws(RPCError) {
    for (id, text) in zip(ticket.itemIDs, ticket.texts) {
      do {
        _ = try encoder.tokens(prompt: text.prompt, response: text.response)
      } catch {
        throw RPCError(code: error.rpcError.code, message: "item '\(id)': \(error)")
      }
    }
  }

  private static func finite(_ scores: [Double], _ ticket: Ticket) -> Result<[Double], RPCError> {
    guard let bad = scores.firstIndex(where: { !$0.isFinite }) else { return .success(scores) }
    let width = ticket.models.count
    return .failure(
      RPCError(
        code: .internal,
        message: "item '\(ticket.itemIDs[bad / width])': the score on principle "
          + "'\(ticket.models[bad % width].note.principleID)' is \(scores[bad]), not finite"
      )
    )
  }

  /// Tokens of a text as the models read it.
  func tokenCount(_ text: PreferenceText) throws(PreferenceError) -> Int {
    try encoder.tokens(prompt: text.prompt, response: text.response).count
  }
}
