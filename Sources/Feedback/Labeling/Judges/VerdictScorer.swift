/// Gives the log-probabilities that a local language model assigns to possible verdicts.
///
/// Implemented over the language model by whoever owns one; this library knows no models.
package protocol VerdictScorer: Sendable {
  /// Name of the model.
  var modelID: String { get }
  /// Changes whenever the weights or the chat template do, for example their hash.
  var modelVersion: String { get }
  /// How many conversations one call should get.
  var batchSize: Int { get }

  /// Log-probability, in nats, of each candidate text as the beginning of the model's reply.
  ///
  /// The result has one row for each conversation and in it one number for each candidate: the sum
  /// over the candidate's tokens.
  func logProbabilities(
    of candidates: [String],
    after conversations: [[JudgeMessage]]
  ) async throws -> [[Double]]
}
