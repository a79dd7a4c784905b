internal import ArgumentParser
internal import Hashing
internal import JSON
internal import Messages
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceStubs

/// `morlaif import`.
struct ImportPreferences: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Gives the labeler preferences that people or other judges stated.",
    discussion: """
      Lines {"prompt","chosen","rejected"} are added to the dataset, which is made when it does not exist. A line may have:
        "principle"  by what the chosen answer is the better one; that of --principle otherwise
        "p"          probability that the chosen answer is the better one, 0.5 to 1
        "margin"     instead of "p": its logit in nats, 0 or more; without both p is 0.98
        "source"     who says so; kept as the label's judge, 'imported' otherwise
        "id"         name of the pair; made of its texts otherwise
      Texts may be TRL's lists of messages, with the prompt by itself or before both answers, if the prompt is one message \
      of a user. Other members are ignored.

      A preference that the dataset has is counted as known and takes the new p. A wrong line ends the import and is named; \
      earlier lines may be stored by then, so correct it and give the same command again.

      Examples:
        morlaif import --dataset mine --input preferences.jsonl
        morlaif import --dataset mine --principle helpfulness --input - < ultrafeedback.jsonl
        morlaif train-preferences --dataset mine --adapter mine
      """
  )

  @Option(name: .long, help: "Dataset that they are added to; made when it does not exist.")
  var dataset: String

  @Option(name: .long, help: "Principle of lines that name none.")
  var principle = PreferenceLine.overallPrinciple

  @Flag(name: .long, help: "Print the counts as JSON.")
  var json = false

  @OptionGroup var input: InputOption
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard PreferenceLine.isPrinciple(principle) else {
      throw ValidationError("--principle must have 1 to 64 of a-z, 0-9, - and _.")
    }
  }

  func run() async throws {
    try await Diagnostics.report {
      let reader = try input.open()
      let reply = try await connection.withConnections { connections in
        do {
          return try await connections.labeler.import { requests in
            try await requests.write(ImportRequest(kind: .datasetID(dataset)))
            // The labeler may refuse a line while the next one is still to be written.
            try await requests.whileOpen { [principle] in
              var names = PairNames()
              while let record = try await BlockingInput.wait({ try reader.next() }) {
                let line = try PreferenceLine(record, principle: principle, in: reader)
                let digest = SHA256.hexDigest(of: line.identity)
                try names.check(line.id, digest: digest, in: reader)
                let preference = line.message(digest: digest)
                try await requests.write(ImportRequest(kind: .preference(preference)))
              }
            }
          }
        } catch let error as RPCError where error.code == .invalidArgument {
          // The labeler looks at many lines at a time.
          throw OperationsError.input(
            "\(reader.name), line \(reader.lineNumber) or before: \(error.message)"
          )
        }
      }
      if json {
        let counts: JSONValue = [
          "dataset": .string(dataset), "stored": .integer(Int(clamping: reply.stored)),
          "already_known": .integer(Int(clamping: reply.alreadyKnown)),
        ]
        try Output.line(counts.line)
      } else {
        try Output.line("\(reply.stored) stored, \(reply.alreadyKnown) already known")
      }
    }
  }
}

/// Which pairs the ids of a file stood for so far.
private struct PairNames {
  private var uses: [String: (digest: String, line: Int)] = [:]

  /// Refuses an id that stood for other texts before.
  mutating func check(
    _ id: String?,
    digest: String,
    in reader: RecordReader
  ) throws(OperationsError) {
    guard let id else { return }
    guard let earlier = uses[id] else {
      uses[id] = (digest, reader.lineNumber)
      return
    }
    guard earlier.digest == digest else {
      throw reader.refusal("the id \"\(id)\" names other texts in line \(earlier.line)")
    }
  }
}
