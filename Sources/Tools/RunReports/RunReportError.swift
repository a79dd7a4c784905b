/// What can go wrong while a run folder is written or read.
package enum RunReportError: Error, Equatable, CustomStringConvertible {
  /// The system refused to open, write, flush or move a file.
  case file(path: String, action: String, reason: String)
  /// A line of a file is not what it should be.
  case line(path: String, line: Int, reason: String)

  /// One sentence for people: what, where, and what to do.
  package var description: String {
    switch self {
    case .file(let path, let action, let reason):
      "cannot \(action) \(path): \(reason)"
    case .line(let path, let line, let reason):
      "\(path), line \(line): \(reason)"
    }
  }
}
