/// What is found at a model's path.
package enum ModelLocation: Sendable, Equatable {
  /// A folder, as Hugging Face lays models out.
  case folder
  /// A file that begins as GGUF files do.
  case gguf
  /// Another file, or nothing.
  case otherFile

  /// Looks at a path.
  package init(_ path: String) {
    if MappedFile.isFolder(path) {
      self = .folder
    } else if GGUFFile.looksLikeGGUF(path: path) {
      self = .gguf
    } else {
      self = .otherFile
    }
  }
}
