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

      Example:
        morlaif label --dataset mine --principle conciseness --input pairs.jsonl --output labels.jsonl
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

  @OptionGroup var records: RecordOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let (reader, writer) = try records.open()
      let pairs = try readPairs(reader)
      let byID = Dictionary(uniqueKeysWithValues: pairs.map { ($0.id, $0) })
      let settings = LabelSettings(
        datasetID: dataset,
        principleIDs: principle,
        judgeID: judge
      )
      let failures = try await connection.withConnections { connections in
        try await connections.labeler.label { requests, replies in
          try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
              try await requests.write(LabelRequest(kind: .settings(settings)))
              for pair in pairs { try await requests.write(LabelRequest(kind: .pair(pair))) }
              requests.finish()
            }
            var failures = 0
            for try await reply in replies {
              switch reply.kind {
              case .label(let label):
                guard let pair = byID[label.pairID] else { break }
                try writer.write(LabelRecord.json(label: label, pair: pair))
              case .failure(let failure):
                failures += 1
                Output.note("\(failure.pairID), \(failure.principleID): \(failure.reason)")
              case nil: break
              }
            }
            try await group.waitForAll()
            return failures
          }
        }
      }
      if failures > 0 {
        throw OperationsError.failed(
          "\(failures) judgements failed, as said above; correct what is wrong there, or give the same "
            + "command again where the judge was away: what was judged is kept"
        )
      }
    }
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
