/// What can go wrong while principles, judges and labels are handled.
package enum LabelingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A principle file is missing, malformed or contradicts another.
  case principleFile(file: String, reason: String)
  /// The judge has no way to judge this principle.
  case unknownPrinciple(id: String, known: [String])
  /// A pair cannot be judged: an identifier or text is missing or too long.
  case invalidPair(id: String, reason: String)
  /// The judge answered, but gave no verdict; there is no label.
  case noVerdict(judge: String, reason: String)
  /// The judge could not be asked, after all retries that were allowed.
  case judgeUnavailable(judge: String, reason: String, isRetryable: Bool)
  /// A budget does not allow the next request.
  case budgetExhausted(budget: String, spent: String, limit: String)
  /// A person decided that the pair gets no label.
  case discarded
  /// A setting of a judge cannot be used.
  case judgeConfiguration(field: String, value: String, reason: String)
  /// The label store cannot be opened or used.
  case store(file: String, reason: String)
  /// The caller cancelled the work.
  case cancelled

  package var description: String {
    switch self {
    case .principleFile(let file, let reason):
      "principle file \(file): \(reason)"
    case .unknownPrinciple(let id, let known):
      "principle \(id) is unknown to this judge; known are \(known.joined(separator: ", "))"
    case .invalidPair(let id, let reason):
      "pair \(id): \(reason)"
    case .noVerdict(let judge, let reason):
      "judge \(judge) gave no verdict: \(reason)"
    case .judgeUnavailable(let judge, let reason, let isRetryable):
      "judge \(judge) could not be asked: \(reason)"
        + (isRetryable ? "; trying again later may help" : "")
    case .budgetExhausted(let budget, let spent, let limit):
      "the budget \(budget) is used up: spent \(spent), limit \(limit); what was judged is kept, raise the "
        + "budget to go on"
    case .discarded:
      "a person decided in review that this pair gets no label"
    case .judgeConfiguration(let field, let value, let reason):
      "judge setting \(field) is \"\(value)\": \(reason)"
    case .store(let file, let reason):
      "label store \(file): \(reason)"
    case .cancelled:
      "the work was cancelled"
    }
  }
}
