internal import ArgumentParser
internal import JSON
internal import Operations
internal import RunReports
internal import Tokenization

/// `morlaif tokenize`.
struct Tokenize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns texts into token ids, exactly as the model's own tokenizer does.",
    discussion: """
      Lines {"text"} become {"ids"}.

      Example:
        echo '{"text":"Hello, world"}' | morlaif tokenize --model model.gguf --input -
      """
  )

  @Option(
    name: .long,
    help: ArgumentHelp("GGUF file, Hugging Face folder or tokenizer.json.", valueName: "path")
  )
  var model: String

  @Flag(
    name: .long,
    help: "Read texts of control tokens, such as <|im_end|>, as plain text."
  )
  var plain = false

  @OptionGroup var records: RecordOptions

  func run() async throws {
    try await Diagnostics.report {
      let tokenizer = try LocalModel.tokenizer(model)
      let (reader, writer) = try records.open()
      while let record = try reader.next() {
        let text = try reader.text("text", of: record)
        let ids = tokenizer.encode(text, allowSpecial: !plain)
        try writer.write(["ids": .array(ids.map { .integer(Int($0)) })])
      }
    }
  }
}
