internal import Foundation

/// Tells whoever started the process where it listens: one JSON line, written when its
/// methods can be called.
package enum ReadyFile {
  private struct Content: Encodable {
    let service: String
    let version: String
    let host: String
    let port: Int
    let pid: Int32
    let prometheusPort: Int?

    enum CodingKeys: String, CodingKey {
      case service
      case version
      case host
      case port
      case pid
      case prometheusPort = "prometheus_port"
    }
  }

  /// Removes the file of an earlier process, if there is one.
  package static func remove(_ path: String) {
    // A file that cannot be removed cannot be replaced either, and that is an error of `write`.
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes the file as a whole, so a reader never sees half of it.
  package static func write(
    _ path: String,
    service: String,
    host: String,
    port: Int,
    prometheusPort: Int? = nil
  ) throws(ServiceKitError) {
    let content = Content(
      service: service,
      version: ProjectVersion.text,
      host: host,
      port: port,
      pid: ProcessInfo.processInfo.processIdentifier,
      prometheusPort: prometheusPort
    )
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      try DurableFile.replace(path, with: Array(encoder.encode(content)) + [UInt8(ascii: "\n")])
    } catch let error as ServiceKitError {
      throw error
    } catch {
      throw .storage(path: path, reason: "\(error)")
    }
  }
}
