/// The two messages of `morlaif.v1.Health` that a balancing client needs (health.proto).
package enum HealthMessages {
  /// `HealthRequest` for a service; empty means the server as a whole.
  package static func request(service: String) -> [UInt8] {
    var buffer = WireBuffer()
    buffer.append(field: 1, text: service)
    return buffer.bytes
  }

  /// What a `HealthReply` says.
  ///
  /// - Returns: nil when the server serves, else why it does not; a reply that is not one counts as
  ///   not serving.
  package static func refusal(_ reply: RawSpan) -> String? {
    var status: UInt64 = 0
    var detail = ""
    var offset = 0
    do throws(WireError) {
      while offset < reply.byteCount {
        let (number, field) = try readField(reply, &offset, end: reply.byteCount)
        switch number {
        case 1: status = try readNumber(field, "status")
        case 2: detail = try readText(reply, field, "detail", isIdentifier: false)
        default: break
        }
      }
    } catch {
      return "its health cannot be read: \(error.detail)"
    }
    switch status {
    case 2: return nil
    case 1: return detail.isEmpty ? "it is starting" : detail
    default: return detail.isEmpty ? "it does not serve" : detail
    }
  }
}
