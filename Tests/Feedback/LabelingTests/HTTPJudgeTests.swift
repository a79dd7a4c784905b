import Foundation
import Labeling
import Logging
import ScriptedEndpoint
import Synchronization
import Testing

@Suite struct HTTPJudgeTests {
  let server: ScriptedServer
  let clock = InstantClock()
  let folder = TemporaryFolder()
  let ledger: SpendingLedger
  let question = JudgeQuestion(pair(7), principle: conciseness, order: .forward)

  init() throws {
    server = try ScriptedServer()
    ledger = try SpendingLedger(store: LabelStore(path: folder.file("books.sqlite")))
  }

  func judge(
    _ steps: String,
    name: String = "t",
    _ change: (inout HTTPJudgeConfiguration) throws -> Void = { _ in }
  ) throws -> HTTPJudge {
    var configuration = HTTPJudgeConfiguration(baseURL: server.baseURL(name, steps), model: "m")
    configuration.timeout = .seconds(20)
    try change(&configuration)
    return try HTTPJudge(
      configuration: configuration,
      ledger: ledger,
      logger: Logger(label: "test"),
      clock: clock,
      jitter: { 0.5 }
    )
  }

  func ask(_ judge: HTTPJudge) async -> Result<Verdict, LabelingError> {
    await judge.judge([question])[0]
  }

  func failure(_ judge: HTTPJudge) async -> LabelingError? {
    if case .failure(let error) = await ask(judge) { return error }
    return nil
  }

  @Test func `log-probabilities of the verdict come back`() async throws {
    let verdict = try await ask(try judge("longer")).get()
    // pair(7): A has 60 characters and B 39 or so; the server takes a tenth of a nat a character.
    let margin = Double(question.first.count - question.second.count) / 10
    #expect(abs(verdict.logProbabilityFirst - -0.1) < 1e-9)
    #expect(abs(verdict.logProbabilitySecond - (-0.1 - margin)) < 1e-9)
    let request = try #require(try server.requests("t").first)
    #expect(request.path == "/t:longer/v1/chat/completions")
    #expect(request.max_tokens == 1 && request.max_completion_tokens == nil)
    #expect(request.top_logprobs == 10 && request.authorization.isEmpty)
  }

  @Test func `the limit of tokens goes by the name that the endpoint takes`() async throws {
    let judge = try judge("longer") {
      $0.tokenLimitField = .maxCompletionTokens
      $0.maxTokens = 64
    }
    _ = try await ask(judge).get()
    let request = try #require(try server.requests("t").first)
    #expect(request.max_completion_tokens == 64 && request.max_tokens == nil)
  }

  @Test(arguments: 0..<13)
  func `every spelling of a verdict token is read`(spelling: Int) async throws {
    let verdict = try await ask(try judge("odd\(spelling)")).get()
    #expect(abs(verdict.logProbabilityFirst - -0.2) < 1e-9)
    #expect(abs(verdict.logProbabilitySecond - -1.7) < 1e-9)
  }

  @Test func `several spellings of one letter are added`() async throws {
    let verdict = try await ask(try judge("many")).get()
    #expect(abs(verdict.logProbabilityFirst - log(exp(-1) + exp(-1.5))) < 1e-9)
    #expect(abs(verdict.logProbabilitySecond - log(exp(-2) + exp(-2.5))) < 1e-9)
  }

  @Test(arguments: ["text", "null"])
  func `a verdict in words counts where there are no log-probabilities`(step: String) async throws {
    let verdict = try await ask(try judge(step) { $0.maxTokens = 16 }).get()
    #expect(abs(verdict.probabilityFirst - 0.1) < 1e-9)
  }

  @Test func `a judge that reasons is read at its last line`() async throws {
    let examples = [
      JudgeExample(
        prompt: "2 + 2?",
        responseA: "4",
        responseB: "It is 4.",
        verdict: .a,
        reasoning: "A has fewer words."
      ),
      JudgeExample(
        principleID: "relevance",
        prompt: "2 + 2?",
        responseA: "Green.",
        responseB: "4",
        verdict: .b
      ),
    ]
    let plain = try judge("longer")
    let reasoning = try judge("reason") {
      $0.prompt = JudgePrompt(examples: examples, reasons: true)
      $0.maxTokens = 300
    }
    // Its thoughts begin with the letter A at even odds; the verdict is the one of the last line.
    #expect(try await ask(reasoning).get().probabilityFirst == ask(plain).get().probabilityFirst)
    let reversed = JudgeQuestion(pair(7), principle: conciseness, order: .reversed)
    let verdicts = await [reasoning.judge([reversed])[0], plain.judge([reversed])[0]]
    #expect(try verdicts[0].get().probabilityFirst == verdicts[1].get().probabilityFirst)
    // System, one example of this principle with its answer, and the question.
    #expect(try server.requests("t").first?.messages == 4)
    #expect(reasoning.version != plain.version)
    #expect(throws: LabelingError.self) {
      try judge("reason") { $0.prompt = JudgePrompt(reasons: true) }
    }
  }

  @Test func `reasoning that was cut off is no verdict`() async throws {
    let judge = try judge("cutoff") {
      $0.prompt = JudgePrompt(reasons: true)
      $0.maxTokens = 40
    }
    guard case .noVerdict = await failure(judge) else {
      Issue.record("expected noVerdict")
      return
    }
  }

  @Test(arguments: ["silent", "garbage"])
  func `no verdict is an error and not asked again`(step: String) async throws {
    guard case .noVerdict = await failure(try judge(step)) else {
      Issue.record("expected noVerdict")
      return
    }
    #expect(try server.requests("t").count == 1)
  }

  @Test func `wrong types in the log-probabilities leave the text's verdict`() async throws {
    let verdict = try await ask(try judge("lies")).get()
    #expect(abs(verdict.probabilityFirst - 0.9) < 1e-9)
  }

  @Test(arguments: [
    "429,longer", "500,503,longer", "408,longer", "cut,longer", "502,cut,429,longer",
  ])
  func `transient failures are asked again with growing waits`(steps: String) async throws {
    _ = try await ask(try judge(steps)).get()
    let failureCount = steps.split(separator: ",").count - 1
    #expect(try server.requests("t").count == failureCount + 1)
    // Half a second, doubled each time, times 0.5 + 0.5 * 0.5.
    #expect(clock.sleeps == (0..<failureCount).map { .milliseconds(375) * (1 << $0) })
  }

  @Test func `a time-out is asked again`() async throws {
    _ = try await ask(try judge("hang,longer") { $0.timeout = .milliseconds(300) }).get()
    #expect(try server.requests("t").count == 2)
  }

  @Test func `the server's wait is honoured`() async throws {
    _ = try await ask(try judge("wait7,longer")).get()
    #expect(clock.sleeps == [.seconds(7)])
  }

  @Test func `a wait longer than allowed ends the attempts`() async throws {
    let error = await failure(try judge("wait999,longer"))
    guard case .judgeUnavailable(_, let reason, true) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(reason.contains("999"))
    #expect(clock.sleeps.isEmpty)
  }

  @Test func `attempts are limited`() async throws {
    let error = await failure(try judge("500") { $0.retry.attemptCountMax = 3 })
    guard case .judgeUnavailable(_, let reason, true) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(reason.contains("HTTP status 500") && reason.contains("attempt 3"))
    #expect(try server.requests("t").count == 3)
  }

  @Test(arguments: [400, 403, 404, 422])
  func `other client errors are not asked again`(status: Int) async throws {
    let error = await failure(try judge("\(status)"))
    guard case .judgeUnavailable(_, let reason, false) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(reason.contains("\(status)"))
    #expect(try server.requests("t").count == 1)
  }

  @Test func `the key is sent and shown nowhere`() async throws {
    let secret = "sk-very-secret-7"
    let key = try APIKey(secret)
    let judge = try judge("401") { $0.apiKey = key }
    let error = await failure(judge)
    #expect(try server.requests("t").first?.authorization == "Bearer \(secret)")
    #expect(error?.description.contains("bad key") == true)
    for text in [
      "\(String(describing: error))", "\(key)", String(reflecting: key),
      "\(judge.id) \(judge.version)",
    ] {
      #expect(!text.contains(secret))
    }
    var dumped = ""
    dump(key, to: &dumped)
    #expect(!dumped.contains(secret))
    #expect(throws: LabelingError.self) { try APIKey("a\r\nX-Evil: 1") }
    #expect(throws: LabelingError.self) { try APIKey("") }
  }

  @Test func `a response longer than allowed is refused`() async throws {
    let error = await failure(try judge("huge"))
    #expect(
      error?.description.contains("more than 1048576 bytes") == true,
      "\(String(describing: error))"
    )
  }

  @Test func `a server that is not there is a transport failure`() async throws {
    var configuration = HTTPJudgeConfiguration(baseURL: "http://127.0.0.1:1/v1", model: "m")
    configuration.retry.attemptCountMax = 2
    let judge = try HTTPJudge(
      configuration: configuration,
      ledger: ledger,
      logger: Logger(label: "test"),
      clock: clock
    )
    guard case .judgeUnavailable(_, _, true) = await failure(judge) else {
      Issue.record("expected judgeUnavailable")
      return
    }
    #expect(clock.sleeps.count == 1)
  }

  @Test func `cancellation ends a hanging request at once`() async throws {
    let judge = try judge("hang")
    let work = Task { await ask(judge) }
    while try server.requests("t").isEmpty { await Task.yield() }
    work.cancel()
    #expect(await work.value == .failure(.cancelled))
  }

  @Test func `requests share few connections and keep to the limit`() async throws {
    let judge = try judge("slow") { $0.concurrencyMax = 3 }
    let questions = (0..<24).map {
      JudgeQuestion(pair($0), principle: conciseness, order: .forward)
    }
    let results = await judge.judge(questions)
    #expect(results.count == 24 && results.allSatisfy { (try? $0.get()) != nil })
    let requests = try server.requests("t")
    #expect(requests.count == 24)
    #expect(requests.map(\.active).max() ?? 0 <= 3)
    #expect(Set(requests.map(\.connection)).count <= 4)
  }

  @Test func `the engine labels through the endpoint and pays once`() async throws {
    let engine = LabelingEngine(store: ledger.store, logger: Logger(label: "test"))
    let judge = try judge("429,longer,500,longer")
    let pairs = (0..<12).map { pair($0) }
    for dataset in ["d", "e"] {
      let outcomes = try await engine.label(
        pairs,
        dataset: dataset,
        principles: [conciseness],
        judge: judge
      )
      #expect(outcomes.count == 12)
      for outcome in outcomes { #expect(try outcome.result.get().isOrderConsistent) }
    }
    #expect(try server.requests("t").count == 26)
    #expect(try await engine.store.verdictCount() == 24)
  }

  @Test(
    arguments: [
      ("ftp://x/v1", "m", 1), ("x", "m", 1), ("http://", "m", 1), ("http://u:p@h/v1", "m", 1),
      ("http://h/v1", "", 1), ("http://h/v1", "m", 0),
    ])
  func `settings that cannot work are refused by name`(url: String, model: String, maxTokens: Int) {
    var configuration = HTTPJudgeConfiguration(baseURL: url, model: model)
    configuration.maxTokens = maxTokens
    #expect(throws: LabelingError.self) {
      try HTTPJudge(configuration: configuration, ledger: ledger, logger: Logger(label: "test"))
    }
  }
}

@Suite struct RetryPolicyTests {
  let policy = RetryPolicy()
  let now = Date(timeIntervalSince1970: 1_445_412_480)  // Wed, 21 Oct 2015 07:28:00 GMT

  @Test func `waits double up to the longest`() {
    let waits = (1...12).map {
      policy.delay(afterAttempt: $0, retryAfter: nil, now: now, jitter: 1)
    }
    #expect(waits[0] == .milliseconds(500) && waits[3] == .seconds(4) && waits[11] == .seconds(60))
    #expect(
      policy.delay(afterAttempt: 1, retryAfter: nil, now: now, jitter: 0) == .milliseconds(250)
    )
    #expect(policy.delay(afterAttempt: .max, retryAfter: nil, now: now, jitter: 0) == .seconds(30))
  }

  @Test(
    arguments: [
      ("3", 3.0), ("0", 0), ("-5", 0), ("1.5", 1.5), ("Wed, 21 Oct 2015 07:28:30 GMT", 30),
      ("Wed, 21 Oct 2015 07:00:00 GMT", 0),
    ])
  func `the server's wait is read as seconds or date`(value: String, seconds: Double) {
    #expect(
      policy.delay(afterAttempt: 1, retryAfter: value, now: now, jitter: 0) == .seconds(seconds)
    )
  }

  @Test(arguments: ["soon", "", "nan"])
  func `an unreadable wait is ignored`(value: String) {
    #expect(
      policy.delay(afterAttempt: 1, retryAfter: value, now: now, jitter: 1) == .milliseconds(500)
    )
  }

  @Test(arguments: [
    (408, true), (429, true), (500, true), (529, true), (599, true), (400, false), (401, false),
    (404, false), (302, false),
  ])
  func `which statuses are asked again`(status: Int, isTransient: Bool) {
    #expect(RetryPolicy.isTransient(status: status) == isTransient)
  }
}
