/// Why TLS could not be set up or went wrong.
package enum TLSError: Error, Equatable, CustomStringConvertible {
  /// A certificate, key or CA file is missing or unusable.
  case configuration(file: String, reason: String)
  /// The peer's certificate was refused by this side, with OpenSSL's reason.
  case certificateRefused(String)
  /// The peer refused this side, with the alert it sent.
  case refusedByPeer(String)
  /// The peer does not speak TLS 1.3, or not TLS at all, or not our protocol.
  case handshakeFailed(String)
  /// The connection ended inside the handshake.
  case closedInHandshake
  /// A record could not be read or written after the handshake.
  case broken(String)

  /// The same in words, with what to do where that is known.
  package var description: String {
    switch self {
    case .configuration(let file, let reason): "TLS file \(file): \(reason)"
    case .certificateRefused(let reason): "certificate of the peer refused: \(reason)"
    case .refusedByPeer(let alert): "the peer refused the handshake: \(alert)"
    case .handshakeFailed(let reason): "TLS handshake failed: \(reason)"
    case .closedInHandshake: "the connection was closed during the TLS handshake"
    case .broken(let reason): "TLS failed: \(reason)"
    }
  }
}
