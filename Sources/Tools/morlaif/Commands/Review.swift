internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import ServiceStubs

/// `morlaif review`.
struct Review: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review",
    abstract: "Shows pairs that judges were unsure about, one by one, for a person to decide.",
    discussion: """
      Keys: \(ReviewSession.help). Every decision is kept at once. Which response is shown first changes from pair to \
      pair, and the judge's opinion is hidden, so as not to sway. Keys may come from a pipe.

      --export writes the queue as JSON lines for other tools; --apply reads lines {"deferred_id","resolution"} back.

      Examples:
        morlaif label --dataset mine --input pairs.jsonl --defer-below 0.7
        morlaif review --dataset mine --annotator ann
        morlaif review --dataset mine --export queue.jsonl
        morlaif review --dataset mine --annotator ann --apply decided.jsonl
      """
  )

  @Option(name: .long, help: "Only this dataset.")
  var dataset = ""

  @Option(name: .long, parsing: .singleValue, help: "Only this principle; may be repeated.")
  var principle: [String] = []

  @Option(name: .long, help: "Who decides; labels go by human:NAME.")
  var annotator = Environment["USER"] ?? "anonymous"

  @Option(name: .long, help: ArgumentHelp("Write the queue and leave.", valueName: "file"))
  var export: String?

  @Option(name: .long, help: ArgumentHelp("Read decisions and leave.", valueName: "file"))
  var apply: String?

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      try await connection.withConnections { connections in
        let labeler = connections.labeler
        if let apply { return try await applyDecisions(apply, labeler) }
        let items = try await waiting(labeler)
        if let export {
          let writer = try RecordWriter(path: export)
          for item in items { try writer.write(DeferredRecord.json(item)) }
          return
        }
        try await review(items, labeler)
      }
    }
  }

  /// Everything that waits.
  private func waiting(_ labeler: LabelerClient) async throws -> [DeferredPair] {
    var items: [DeferredPair] = []
    while true {
      let reply = try await labeler.listDeferred(
        ListDeferredRequest(
          datasetID: dataset,
          principleIDs: principle,
          afterID: items.last?.id ?? 0
        )
      )
      if reply.items.isEmpty { return items }
      items += reply.items
    }
  }

  private func review(_ items: [DeferredPair], _ labeler: LabelerClient) async throws {
    let principles = try await labeler.listPrinciples(ListPrinciplesRequest()).principles
    let texts = Dictionary(principles.map { ($0.id, $0.text) }) { first, _ in first }
    var session = ReviewSession(items: items)
    let keys = KeyReader()
    defer { keys.restore() }
    try show(session, texts, isTerminal: keys.isTerminal)
    while session.current != nil || session.decisionCount > 0, let key = keys.next() {
      switch session.press(key) {
      case .quit: return try summarize(session)
      case .unknown: continue
      case .show: break
      case .decide(let decision):
        _ = try await labeler.resolve(
          ResolveRequest(annotator: annotator, decisions: [decision])
        )
      }
      try show(session, texts, isTerminal: keys.isTerminal)
    }
    try summarize(session)
  }

  private func show(
    _ session: ReviewSession,
    _ principles: [String: String],
    isTerminal: Bool
  ) throws {
    if isTerminal { try Output.line("\u{1b}[2J\u{1b}[H") }
    guard let item = session.current else {
      return try Output.line("Nothing is left to decide. u undoes the last decision, q leaves.")
    }
    let lines = ReviewPage.lines(
      item,
      principle: principles[item.label?.principleID ?? ""] ?? "",
      progress: session.progress,
      showsOpinion: session.showsOpinion,
      width: isTerminal ? TerminalProgress.columns : 100
    )
    for line in lines { try Output.line(line) }
  }

  private func summarize(_ session: ReviewSession) throws {
    try Output.line("\(session.decisionCount) decided by \(annotator)")
  }

  private func applyDecisions(_ file: String, _ labeler: LabelerClient) async throws {
    let reader = try RecordReader(path: file)
    var decisions: [Decision] = []
    while let record = try reader.next() {
      do throws(OperationsError) {
        if let decision = try DeferredRecord.decision(record) { decisions.append(decision) }
      } catch .input(let reason) {
        throw reader.refusal(reason)
      }
    }
    let reply = try await labeler.resolve(
      ResolveRequest(annotator: annotator, decisions: decisions)
    )
    try Output.line("\(reply.resolved) decided by \(annotator)")
  }
}
