internal import ArgumentParser
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import ServiceStubs

/// `morlaif export`.
struct ExportPreferences: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a dataset's labels as preferences for other programs.",
    discussion: """
      Each label becomes a line {"prompt","chosen","rejected","principle","margin","source","p"}, which 'import' and TRL's \
      trainers read: the margin in nats, the judge as the source, p the probability that the chosen answer is the better \
      one. Ties have no better answer and are left out, which is said on standard error.

      Examples:
        morlaif export --dataset mine --output preferences.jsonl
        morlaif export --dataset mine --principle conciseness --output - | head -1
      """
  )

  @Option(name: .long, help: "Dataset at the labeler.")
  var dataset: String

  @Option(
    name: .long,
    parsing: .singleValue,
    help: "Principle to write; may be repeated; all that have labels when left out."
  )
  var principle: [String] = []

  @Flag(name: .long, help: "Write ties too, with \"tie\": true and a p of about one half.")
  var ties = false

  @OptionGroup var output: OutputOption
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let request = ExportRequest(datasetID: dataset, principleIDs: principle)
      let tiesLeftOut = try await connection.withConnections { connections in
        try await connections.labeler.export(request) { replies in
          var iterator = replies.makeAsyncIterator()
          var reply = try await iterator.next()
          // Opened after the labeler's first word: a dataset that does not exist empties no file.
          let writer = try output.open()
          var leftOut = 0
          while let current = reply {
            for label in current.labels {
              guard let pair = current.pair, ties || !label.tie else {
                leftOut += 1
                continue
              }
              try writer.write(PreferenceLine.json(label: label, pair: pair))
            }
            reply = try await iterator.next()
          }
          return leftOut
        }
      }
      if tiesLeftOut > 0 { Output.note("\(tiesLeftOut) ties were left out; --ties writes them") }
    }
  }
}
