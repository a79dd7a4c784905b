internal import ModelFiles

extension Tokenizer {
  /// Loads the tokenizer of a model.
  ///
  /// - Parameter path: a GGUF file, a Hugging Face folder, or a `tokenizer.json`.
  /// - Returns: the tokenizer.
  /// - Throws: `TokenizationError` for a file that is missing, damaged, or of a kind whose ids
  ///   would not be reproduced exactly.
  package static func load(from path: String) throws(TokenizationError) -> Tokenizer {
    let definition: TokenizerDefinition
    switch ModelLocation(path) {
    case .folder:
      definition = try TokenizerDefinition(
        tokenizerJSON: path + "/tokenizer.json",
        folder: path
      )
    case .gguf:
      let gguf: GGUFFile
      do throws(ModelFileError) {
        gguf = try GGUFFile(path: path)
      } catch {
        throw .file(error)
      }
      definition = try TokenizerDefinition(gguf)
    case .otherFile:
      let end = path.lastIndex(of: "/")
      definition = try TokenizerDefinition(
        tokenizerJSON: path,
        folder: end.map { String(path[..<$0]) } ?? "."
      )
    }
    return try Tokenizer(definition)
  }
}
