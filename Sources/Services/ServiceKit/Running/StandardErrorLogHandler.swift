package import Foundation
package import Logging

/// Writes one line to standard error for each log event: time, level, service, message, `key=value` pairs.
package struct StandardErrorLogHandler: LogHandler {
  /// What every line carries.
  package var metadata: Logger.Metadata = [:]
  /// Lowest level that is written.
  package var logLevel: Logger.Level
  private let service: String

  /// Makes a handler for a service.
  package init(service: String, logLevel: Logger.Level) {
    self.service = service
    self.logLevel = logLevel
  }

  /// Reads or changes one value that every line carries.
  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event.
  package func log(event: LogEvent) {
    let line = Self.line(
      time: Date(),
      level: event.level,
      service: service,
      message: "\(event.message)",
      metadata: metadata.merging(event.metadata ?? [:]) { $1 }
    )
    // One write keeps lines of several threads whole.
    StandardStreams.note(line)
  }

  /// The text of one event, newline included.
  package static func line(
    time: Date,
    level: Logger.Level,
    service: String,
    message: String,
    metadata: Logger.Metadata
  ) -> String {
    let stamp = time.ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: true))
    var line = "\(stamp)Z \(level.rawValue) \(service): \(escaped(message))"
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      let text = "\(value)"
      let needsQuotes = text.isEmpty || text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
      let shown = escaped(text)
      line +=
        needsQuotes ? " \(key)=\"\(shown.replacing("\"", with: "\\\""))\"" : " \(key)=\(shown)"
    }
    return line + "\n"
  }

  /// Control characters are written as escapes, so that no peer can forge a line.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
