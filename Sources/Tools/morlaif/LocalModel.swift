internal import JSON
internal import LanguageModels
internal import ModelFiles
internal import Operations
internal import RunReports
internal import Tokenization

/// A model read from disk into this process.
struct LocalModel {
  let model: LanguageModel
  /// A model without a tokenizer still has log-probabilities of token ids.
  private let tokenizerOutcome: Result<Tokenizer, OperationsError>

  /// Reads weights and, where there is one, the tokenizer.
  init(path: String) throws {
    do {
      model = try LanguageModel.load(StoredModel.open(path))
    } catch {
      throw OperationsError.input("--model \(path): \(error)")
    }
    do throws(OperationsError) {
      tokenizerOutcome = .success(try Self.tokenizer(path))
    } catch {
      tokenizerOutcome = .failure(error)
    }
  }

  /// The tokenizer, which has to be there.
  func tokenizer() throws(OperationsError) -> Tokenizer {
    try tokenizerOutcome.get()
  }

  /// Reads a tokenizer only.
  static func tokenizer(_ path: String) throws(OperationsError) -> Tokenizer {
    do throws(TokenizationError) {
      return try Tokenizer.load(from: path)
    } catch {
      throw .input("--model \(path): \(error)")
    }
  }

  /// The tokens of a prompt as one user turn, up to where the answer begins.
  func promptTokens(_ prompt: String) throws(OperationsError) -> [Int32] {
    let tokenizer = try tokenizer()
    do throws(TokenizationError) {
      // Control tokens written out in a prompt count as such, as they do in the reference.
      return try tokenizer.prompt(for: [.user(prompt)])
    } catch {
      throw .input("--model: \(error)")
    }
  }

  /// The tokens of a record and the position of the first whose log-probability is asked for.
  func sequence(
    of record: JSONValue,
    in reader: RecordReader
  ) throws(OperationsError) -> (tokens: [Int32], start: Int) {
    if let ids = record["ids"]?.elements {
      var tokens: [Int32] = []
      for element in ids {
        guard let id = element.whole, let token = Int32(exactly: id) else {
          throw reader.refusal("\"ids\" may hold only whole numbers")
        }
        tokens.append(token)
      }
      guard !tokens.isEmpty else { throw reader.refusal("\"ids\" is empty") }
      return (tokens, 1)
    }
    guard record["prompt"] != nil else {
      throw reader.refusal("needs \"prompt\" and \"response\", or \"ids\"")
    }
    let prompt = try promptTokens(reader.text("prompt", of: record))
    let response = try tokenizer().encode(try reader.text("response", of: record))
    return (prompt + response, prompt.count)
  }

  /// Log-probabilities of the tokens from a position on, nats.
  func logProbabilities(
    _ tokens: [Int32],
    from start: Int,
    in reader: RecordReader
  ) throws(OperationsError) -> [Float] {
    let batch = PackedBatch([tokens])
    do throws(LanguageModelError) {
      try batch.check(for: model.configuration)
    } catch {
      throw reader.refusal("\(error)")
    }
    let (rows, targets) = batch.predictingRows(starts: [start])
    guard !rows.isEmpty else { return [] }
    let hidden = model.trunk(batch, layers: 0)
    let pass = model.top(hidden, batch, from: 0, rows: rows)
    return model.logProbabilities(pass.hidden, targets: targets).values
  }
}
