/// What one attempt to ask an endpoint came to: for the caller, and for the books.
struct AttemptOutcome: Sendable {
  /// What the caller gets.
  enum Result: Sendable {
    case answered(ChatCompletion)
    case failed(LabelingError)
    /// Another attempt may succeed.
    case mayPass(reason: String, retryAfter: String?)
  }

  let result: Result
  /// Cost and time of an answer are still open.
  let settlement: Settlement

  /// Reads the outcome of an exchange.
  init(
    _ outcome: Swift.Result<HTTPResponse, HTTPFailure>,
    judgeID: String,
    _ configuration: HTTPJudgeConfiguration
  ) {
    func unavailable(_ reason: String) -> Result {
      .failed(.judgeUnavailable(judge: judgeID, reason: reason, isRetryable: false))
    }
    func lost(_ reason: String) -> Result {
      switch configuration.lostAnswers {
      case .askAgain: .mayPass(reason: reason, retryAfter: nil)
      case .fail: unavailable("\(reason); its answer may have been paid for")
      }
    }
    switch outcome {
    case .success(let response) where response.status == 200:
      let completion = ChatCompletion(response.body)
      settlement = .answered(completion?.usage, cost: .zero, seconds: 0, completion)
      let text = configuration.excerpt(response.body)
      result =
        completion.map(Result.answered)
        ?? .failed(
          .noVerdict(judge: judgeID, reason: "no chat completion came back: \(text)")
        )
    case .success(let response):
      settlement = .refused
      let reason = "HTTP status \(response.status): \(configuration.excerpt(response.body))"
      result =
        RetryPolicy.isTransient(status: response.status)
        ? .mayPass(reason: reason, retryAfter: response.headers["retry-after"])
        : unavailable(reason)
    case .failure(.unreachable(let reason)):
      settlement = .refused
      result = .mayPass(reason: "the connection failed: \(reason)", retryAfter: nil)
    case .failure(.unusable(let reason)):
      settlement = .refused
      result = unavailable(reason)
    case .failure(.transport(let reason)):
      settlement = .uncertain
      result = lost("the connection failed: \(reason)")
    case .failure(.timedOut):
      settlement = .uncertain
      result = lost("no answer within \(configuration.timeout)")
    case .failure(.tooLarge(let byteCountMax)):
      settlement = .uncertain
      result = unavailable("the response has more than \(byteCountMax) bytes")
    case .failure(.cancelled):
      settlement = .uncertain
      result = .failed(.cancelled)
    }
  }
}
