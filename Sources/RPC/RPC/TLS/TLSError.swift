/// Why TLS could not be set up or went wrong.
package enum TLSError: Error, Equatable, CustomStringConvertible {
  /// A certificate, key or CA file is missing or unusable.
  case configuration(file: String, reason: String)
  /// The peer's certificate was refused by this side, with OpenSSL's reason.
  case certificateRefused(HandshakeFault, String)
  /// The peer refused this side, with the alert it sent.
  case refusedByPeer(String)
  /// The peer does not speak TLS 1.3, or not TLS at all, or not our protocol.
  case handshakeFailed(HandshakeFault, String)
  /// The connection ended inside the handshake.
  case closedInHandshake
  /// Nothing came for the time that a peer has for its first byte.
  case noFirstByte
  /// The peer began another handshake on an established connection, which TLS 1.3 does not know.
  case renegotiation(String)
  /// A record could not be read or written after the handshake.
  case broken(String)

  /// The same in words, with what to do where that is known.
  package var description: String {
    switch self {
    case .configuration(let file, let reason): "TLS file \(file): \(reason)"
    case .certificateRefused(_, let reason): "certificate of the peer refused: \(reason)"
    case .refusedByPeer(let alert): "the peer refused the handshake: \(alert)"
    case .handshakeFailed(_, let reason): "TLS handshake failed: \(reason)"
    case .closedInHandshake: "the connection was closed during the TLS handshake"
    case .noFirstByte: "the peer sent nothing"
    case .renegotiation(let reason): "renegotiation is refused: \(reason)"
    case .broken(let reason): "TLS failed: \(reason)"
    }
  }

  /// The kind of failure when it ended a handshake.
  var handshakeFault: HandshakeFault {
    switch self {
    case .certificateRefused(let fault, _), .handshakeFailed(let fault, _): fault
    case .refusedByPeer: .refusedByPeer
    case .closedInHandshake: .closed
    case .noFirstByte: .noFirstByte
    case .configuration, .renegotiation, .broken: .malformed
    }
  }
}
