internal import ArgumentParser
internal import Foundation
internal import Operations

/// JSON lines in.
struct InputOption: ParsableArguments {
  @Option(
    name: .customLong("input"),
    help: ArgumentHelp("File of JSON lines; '-' is standard input.", valueName: "file")
  )
  var path: String

  /// Opens the input; `allowsNonFinite` reads NaN and infinity as numbers, to be refused by name.
  func open(allowsNonFinite: Bool = false) throws -> RecordReader {
    try RecordReader(path: path, allowsNonFinite: allowsNonFinite)
  }
}

/// JSON lines out.
struct OutputOption: ParsableArguments {
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("File to write JSON lines to; '-' is standard output.", valueName: "file")
  )
  var path = "-"

  /// Opens the output.
  func open() throws -> RecordWriter { try RecordWriter(path: path) }
}

/// JSON lines in and out.
struct RecordOptions: ParsableArguments {
  @OptionGroup var input: InputOption
  @OptionGroup var output: OutputOption

  /// Opens both; `allowsNonFinite` reads NaN and infinity as numbers, to be refused by name.
  func open(
    allowsNonFinite: Bool = false
  ) throws -> (reader: RecordReader, writer: RecordWriter) {
    let reader = try input.open(allowsNonFinite: allowsNonFinite)
    // Opening the output empties it.
    let paths = [input.path, output.path].map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().path
    }
    guard output.path == "-" || paths[0] != paths[1] else {
      throw OperationsError.usage("--output \(output.path) is the file of --input; name another")
    }
    return (reader, try output.open())
  }
}

/// How answers are sampled.
struct SamplingChoice: ParsableArguments {
  @Option(name: .long, help: "Divides the logits; 1 samples from the model itself.")
  var temperature = 1.0

  @Option(name: .long, help: "Sample among this many most likely tokens; 0 for all.")
  var topK = 0

  @Option(name: .long, help: "Sample among the most likely tokens of this total probability.")
  var topP = 1.0

  @Option(name: .long, help: "Most tokens of an answer.")
  var maxTokens = 48

  @Option(name: .long, parsing: .singleValue, help: "Text that ends an answer; may be repeated.")
  var stop: [String] = []

  @Option(name: .long, help: "Seed of the random numbers.")
  var seed: UInt64 = 1

  func validate() throws {
    guard temperature > 0, temperature.isFinite else {
      throw ValidationError("--temperature must be above 0.")
    }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0, at most 1.") }
    guard topK >= 0, (1...100_000).contains(maxTokens) else {
      throw ValidationError("--top-k must not be negative and --max-tokens must be 1 to 100000.")
    }
  }
}
