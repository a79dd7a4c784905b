/// Why a connection never became ready: one word for counters, the same in logs.
package enum HandshakeFault: String, Sendable, CaseIterable {
  /// The peer's certificate was not signed by an authority this side trusts.
  case unknownAuthority = "unknown_authority"
  /// The peer's certificate is past its end.
  case certificateExpired = "certificate_expired"
  /// The peer's certificate is for another name or address.
  case wrongHost = "wrong_host"
  /// A rule names the peer's certificate or identity as revoked.
  case certificateRevoked = "certificate_revoked"
  /// Anything else that is wrong with the peer's certificate.
  case certificateInvalid = "certificate_invalid"
  /// The peer showed no certificate where one is required.
  case noCertificate = "no_certificate"
  /// The peer offers only versions before TLS 1.3 (W1).
  case oldVersion = "old_tls_version"
  /// The peer does not speak TLS at all (W1).
  case notTLS = "not_tls"
  /// The peer does not offer or select `morlaif/1` (W2).
  case noApplicationProtocol = "no_alpn"
  /// The peer did not like our certificate and said so.
  case refusedByPeer = "refused_by_peer"
  /// The peer closed the connection before it was ready.
  case closed
  /// Not a byte came in time.
  case noFirstByte = "no_first_byte"
  /// TLS handshake and HELLO were not complete in time (W4).
  case timeout
  /// The first frames broke the wire protocol (W10, W11, W13).
  case protocolError = "protocol"
  /// Anything else in the handshake.
  case malformed
}
