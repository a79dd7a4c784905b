internal import Synchronization

/// Requests as JSON texts: one given, or those of a file or standard input as they come.
package final class JSONRequests: Sendable {
  private enum Source {
    case texts(ArraySlice<String>)
    case reader(LineReader)
  }

  private let source: Mutex<Source>

  /// JSON, `@FILE` or `-` for standard input.
  package init(_ argument: String) throws(OperationsError) {
    if argument == "-" || argument.hasPrefix("@") {
      let path = argument == "-" ? "-" : String(argument.dropFirst())
      source = Mutex(.reader(try LineReader(path: path)))
    } else {
      source = Mutex(.texts([argument]))
    }
  }

  /// The next request; nil at the end.
  ///
  /// Waits for input, until the task is cancelled. An object may go over several lines; it ends with
  /// the line whose `}` closes it.
  package func next() async throws -> String? {
    try await BlockingInput.wait { try self.read() }
  }

  private func read() throws(OperationsError) -> String? {
    let result: Result<String?, OperationsError> = source.withLock { source in
      switch source {
      case .texts(var rest):
        let text = rest.popFirst()
        source = .texts(rest)
        return .success(text)
      case .reader(let reader):
        return Result { () throws(OperationsError) in try JSONRequests.object(from: reader) }
      }
    }
    return try result.get()
  }

  /// All that is left.
  package func all() async throws -> [String] {
    var texts: [String] = []
    while let text = try await next() { texts.append(text) }
    return texts
  }

  private static func object(from reader: LineReader) throws(OperationsError) -> String? {
    var lines: [String] = []
    var depth = 0
    var isInText = false
    var isEscaped = false
    while let line = try reader.next() {
      if lines.isEmpty, line.allSatisfy(\.isWhitespace) { continue }
      lines.append(line)
      for byte in line.utf8 {
        switch byte {
        case _ where isEscaped: isEscaped = false
        case UInt8(ascii: "\\") where isInText: isEscaped = true
        case UInt8(ascii: "\""): isInText.toggle()
        case UInt8(ascii: "{") where !isInText: depth += 1
        case UInt8(ascii: "}") where !isInText: depth -= 1
        default: break
        }
      }
      if depth <= 0 { break }
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}
