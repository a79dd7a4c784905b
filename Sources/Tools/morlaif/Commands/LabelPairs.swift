internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs

/// `morlaif label`.
struct LabelPairs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Has pairs of answers judged, one principle at a time.",
    discussion: """
      Lines {"prompt","response_a","response_b"} (or "chosen" and "rejected"; optionally "id") become one line for each \
      pair and principle with the preferred and the other answer. The labeler keeps every judgement in the dataset; \
      asking again costs nothing. Pairs that could not be judged are told on standard error; the exit code is then 70.

      With --batch the endpoint's batch API answers, at its lower price and within a day; the command waits for it, and \
      may be ended and given again.

      With --dry-run nothing is asked and no line is written: it tells how many requests and tokens it would take, \
      what they would cost, and the least time. A budget that does not suffice ends the command before it is passed; \
      what was judged is kept, and the same command with a larger budget goes on.

      Examples:
        morlaif label --dataset mine --principle conciseness --input pairs.jsonl --output labels.jsonl
        morlaif label --dataset mine --judge gpt --input pairs.jsonl --dry-run
        morlaif label --dataset mine --judge gpt --input pairs.jsonl --output labels.jsonl --max-cost 2.50
        morlaif label --dataset mine --judge gpt --input pairs.jsonl --output labels.jsonl --batch
      """
  )

  @Option(name: .long, help: "Dataset that the labels belong to; made when it does not exist.")
  var dataset: String

  @Option(
    name: .long,
    parsing: .singleValue,
    help: "Principle to judge by; may be repeated; all that the labeler has when left out."
  )
  var principle: [String] = []

  @Option(name: .long, help: "Which of the labeler's judges; its default when left out.")
  var judge = ""

  @Option(
    name: .customLong("run"),
    help: "Run that the costs are charged to; the dataset when left out."
  )
  var runID = ""

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The most that the run may cost, calls before this one included.",
      valueName: "dollars"
    )
  )
  var maxCost = 0.0

  @Option(name: .long, help: "The most requests that may be sent for the run.")
  var maxRequests: UInt64 = 0

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Leave pairs to 'morlaif review' whose preferred answer has less than this probability.",
      valueName: "0.5...1"
    )
  )
  var deferBelow: Double?

  @Flag(name: .long, help: "Leave pairs to 'morlaif review' whose two orders disagree.")
  var deferInconsistent = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Judge each pair by one principle drawn at random, for a single-objective baseline.",
      valueName: "seed"
    )
  )
  var constitution: UInt64?

  @Flag(name: .long, help: "Tell what it would take and do nothing.")
  var dryRun = false

  @Flag(name: .long, help: "Have the endpoint's batch API answer, and wait for it.")
  var batch = false

  @Option(
    name: .long,
    help: ArgumentHelp("How often --batch looks how far it is.", valueName: "seconds")
  )
  var batchPoll = 30.0

  @OptionGroup var records: RecordOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard maxCost >= 0, maxCost.isFinite else {
      throw ValidationError("--max-cost must be an amount of money.")
    }
    guard (0.01...3600).contains(batchPoll) else {
      throw ValidationError("--batch-poll must be 0.01 to 3600.")
    }
    guard (0.5...1).contains(deferBelow ?? 0.5) else {
      throw ValidationError("--defer-below must be 0.5 to 1.")
    }
  }

  func run() async throws {
    try await Diagnostics.report { dryRun ? try await estimate() : try await label() }
  }

  private var settings: LabelSettings {
    let isDeferring = deferBelow != nil || deferInconsistent
    return LabelSettings(
      datasetID: dataset,
      principleIDs: principle,
      judgeID: judge,
      runID: runID,
      maxCost: maxCost,
      maxRequests: maxRequests,
      constitution: constitution.map { ConstitutionSettings(seed: $0) },
      deferral: isDeferring
        ? DeferralSettings(confidenceMin: deferBelow ?? 0.5, inconsistent: deferInconsistent) : nil
    )
  }

  private func label() async throws {
    let (reader, writer) = try records.open()
    let pairs = try readPairs(reader)
    let byID = Dictionary(uniqueKeysWithValues: pairs.map { ($0.id, $0) })
    let settings = settings
    let (failures, deferred) = try await connection.withConnections { connections in
      if batch { try await finishBatches(pairs, connections.labeler) }
      return try await connections.labeler.label { requests, replies in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await Self.send(settings, pairs, requests) }
          var (failures, deferred) = (0, 0)
          for try await reply in replies {
            switch reply.kind {
            case .label(let label):
              guard let pair = byID[label.pairID] else { break }
              try writer.write(LabelRecord.json(label: label, pair: pair))
            case .failure(let failure):
              failures += 1
              Output.note("\(failure.pairID), \(failure.principleID): \(failure.reason)")
            case .deferred: deferred += 1
            case nil: break
            }
          }
          try await group.waitForAll()
          return (failures, deferred)
        }
      }
    }
    if deferred > 0 {
      Output.note(
        "\(deferred) judgements wait for a person: morlaif review --dataset \(dataset)"
      )
    }
    if failures > 0 {
      throw OperationsError.failed(
        "\(failures) judgements failed, as said above; correct what is wrong there, or give the same "
          + "command again where the judge was away: what was judged is kept"
      )
    }
  }

  /// Hands pairs over as batches and waits until the run has none that is unfinished.
  private func finishBatches(_ pairs: [PreferencePair], _ labeler: LabelerClient) async throws {
    let settings = settings
    let submitted = try await labeler.submitBatch { try await Self.send(settings, pairs, $0) }
    Output.note(
      "\(submitted.requests) requests handed over, \(submitted.pending) under way, \(submitted.known) known"
    )
    let request = ListBatchesRequest(runID: runID.isEmpty ? dataset : runID)
    while true {
      let batches = try await labeler.listBatches(request).batches
      guard batches.contains(where: { $0.state != .collected && $0.state != .failed }) else {
        for batch in batches where !batch.note.isEmpty {
          Output.note(
            "batch \(batch.id): \(batch.answered) of \(batch.requests) answered; \(batch.note)"
          )
        }
        return
      }
      try await Task.sleep(for: .seconds(batchPoll))
    }
  }

  private func estimate() async throws {
    let pairs = try readPairs(try records.input.open())
    let settings = settings
    let reply = try await connection.withConnections { connections in
      try await connections.labeler.estimate { try await Self.send(settings, pairs, $0) }
    }
    for line in CostText.lines(reply) { try Output.line(line) }
  }

  /// Sends the settings and then the pairs.
  private static func send(
    _ settings: LabelSettings,
    _ pairs: [PreferencePair],
    _ requests: RPCWriter<LabelRequest>
  ) async throws {
    try await requests.write(LabelRequest(kind: .settings(settings)))
    for pair in pairs { try await requests.write(LabelRequest(kind: .pair(pair))) }
    requests.finish()
  }

  private func readPairs(_ reader: RecordReader) throws(OperationsError) -> [PreferencePair] {
    var pairs: [PreferencePair] = []
    var seen = Set<String>()
    while let record = try reader.next() {
      let pair = try LabelRecord.pair(
        json: record,
        line: reader.lineNumber,
        source: reader.name
      )
      guard seen.insert(pair.id).inserted else {
        throw reader.refusal("the id \"\(pair.id)\" occurs twice")
      }
      pairs.append(pair)
    }
    return pairs
  }
}
