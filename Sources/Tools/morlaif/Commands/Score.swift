internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs

/// `morlaif score`.
struct Score: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Scores answers with the preference models.",
    discussion: """
      Lines {"prompt","response"} (and optionally "id") become {"id","scores"} with a score for each principle, as the \
      models gave it. --sources adds which model, adapter, weights and statistics answered.

      Example:
        morlaif score --input answers.jsonl | morlaif scalarize --config scalarizer.yaml --input -
      """
  )

  @Option(
    name: .long,
    parsing: .singleValue,
    help: "Principle to score by; may be repeated; all that have a model when left out."
  )
  var principle: [String] = []

  @Option(name: .long, help: "Adapters; the newest of each principle when left out.")
  var adapter = ""

  @Flag(name: .long, help: "Add which weights answered.")
  var sources = false

  @OptionGroup var records: RecordOptions
  @OptionGroup var connection: ConnectionOptions

  /// Answers in one call.
  private static let itemsMax = 64

  func run() async throws {
    try await Diagnostics.report {
      let (reader, writer) = try records.open()
      try await connection.withConnections { connections in
        while true {
          let items = try nextItems(reader)
          if items.isEmpty { return }
          let request = ScoreRequest(
            items: items,
            principleIDs: principle,
            adapterID: adapter
          )
          let reply = try await connections.preferenceModel.score(request)
          try write(reply, items: items, writer)
        }
      }
    }
  }

  private func nextItems(_ reader: RecordReader) throws(OperationsError) -> [TextItem] {
    var items: [TextItem] = []
    while items.count < Self.itemsMax, let record = try reader.next() {
      items.append(
        TextItem(
          id: record["id"]?.text ?? "line-\(reader.lineNumber)",
          prompt: try reader.text("prompt", of: record),
          response: try reader.text("response", of: record)
        )
      )
    }
    return items
  }

  private func write(_ reply: ScoreReply, items: [TextItem], _ writer: RecordWriter) throws {
    let matrix = reply.scores ?? ScoreMatrix()
    let width = matrix.principleIDs.count
    guard matrix.values.count == width * items.count else {
      throw OperationsError.failed(
        "the preference-model sent \(matrix.values.count) scores for \(items.count) answers and \(width) principles"
      )
    }
    for (row, item) in items.enumerated() {
      let scores = matrix.principleIDs.enumerated().map { column, id in
        JSONMember(id, .number(Double(matrix.values[row * width + column])))
      }
      var members = [JSONMember("id", .string(item.id)), JSONMember("scores", .object(scores))]
      if sources {
        members.append(
          JSONMember("sources", .array(reply.sources.map(PreferenceRecord.json(source:))))
        )
      }
      try writer.write(.object(members))
    }
  }
}
