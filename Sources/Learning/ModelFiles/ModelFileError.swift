/// What can go wrong while model files are read or written; every case names the file.
package enum ModelFileError: Error, Sendable, Equatable {
  /// The file or folder is missing or the system refused to read it.
  case unreadable(file: String, reason: String)
  /// The file breaks its own format: truncated, overlapping, contradictory.
  case malformed(file: String, detail: String)
  /// The file is well formed but asks for something this project does not read.
  case unsupported(file: String, detail: String)
  /// One tensor is missing, misshapen or holds a value that is not finite.
  case badTensor(file: String, tensor: String, detail: String)
  /// The system refused to write the file.
  case unwritable(file: String, reason: String)
}

extension ModelFileError: CustomStringConvertible {
  /// One sentence for people: the file, the fault and, where there is one, the remedy.
  package var description: String {
    switch self {
    case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
    case .malformed(let file, let detail): "\(file) is damaged: \(detail)"
    case .unsupported(let file, let detail): "\(file) is not supported: \(detail)"
    case .badTensor(let file, let tensor, let detail): "\(file), tensor \(tensor): \(detail)"
    case .unwritable(let file, let reason): "cannot write \(file): \(reason)"
    }
  }
}
