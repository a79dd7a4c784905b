internal import COpenSSL

/// OpenSSL's error queue of this thread, emptied into words.
enum OpenSSLErrors {
  /// What the queue held.
  struct Report {
    /// The reasons, oldest first.
    var text = "no reason given"
    /// Whether one is an alert the peer sent.
    var isAlert = false
    /// What the first reason of the SSL library means for a handshake.
    var fault = HandshakeFault.malformed
    /// Whether a record came that only a new handshake would send.
    var isRenegotiation = false
    /// Whether a key could not be read without its pass phrase.
    var needsPassPhrase = false
    /// Whether a key is not the one of its certificate.
    var isKeyMismatch = false
  }

  /// Empties the queue.
  static func drain() -> Report {
    var report = Report()
    var reasons: [String] = []
    // The queue holds at most 16 errors.
    for _ in 0..<32 {
      let code = ERR_get_error()
      guard code != 0 else { break }
      let reason = morlaif_err_reason(code)
      if morlaif_err_library(code) == ERR_LIB_SSL {
        if reason >= SSL_AD_REASON_OFFSET { report.isAlert = true }
        if reasons.isEmpty, let known = faults[reason] { report.fault = known }
        if renegotiationReasons.contains(reason) { report.isRenegotiation = true }
      }
      if morlaif_err_library(code) == ERR_LIB_PEM, reason == PEM_R_BAD_PASSWORD_READ {
        report.needsPassPhrase = true
      }
      if morlaif_err_library(code) == ERR_LIB_X509, reason == X509_R_KEY_VALUES_MISMATCH {
        report.isKeyMismatch = true
      }
      // A cause is often passed on under the same name.
      if let text = text(of: code), text != reasons.last { reasons.append(text) }
    }
    if !reasons.isEmpty { report.text = reasons.joined(separator: "; ") }
    return report
  }

  /// What a failed verification means, by OpenSSL's `X509_V_ERR_` number.
  static func fault(ofVerification result: Int) -> HandshakeFault {
    switch Int32(truncatingIfNeeded: result) {
    case X509_V_ERR_CERT_HAS_EXPIRED: .certificateExpired
    case X509_V_ERR_CERT_REVOKED: .certificateRevoked
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongHost
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED,
      X509_V_ERR_CERT_SIGNATURE_FAILURE:
      .unknownAuthority
    default: .certificateInvalid
    }
  }

  /// Forgets errors that an earlier call on this thread may have left.
  static func clear() { ERR_clear_error() }

  /// The words for an error; nil for one that only says where OpenSSL was.
  private static func text(of code: UInt) -> String? {
    guard let reason = unsafe ERR_reason_error_string(code) else {
      return "OpenSSL error \(code)"
    }
    let words = unsafe String(cString: reason)
    return plainWords[words] ?? words
  }

  private static let faults: [Int32: HandshakeFault] = [
    SSL_R_WRONG_VERSION_NUMBER: .notTLS, SSL_R_HTTP_REQUEST: .notTLS,
    SSL_R_HTTPS_PROXY_REQUEST: .notTLS, SSL_R_UNKNOWN_PROTOCOL: .notTLS,
    SSL_R_UNSUPPORTED_PROTOCOL: .oldVersion, SSL_R_VERSION_TOO_LOW: .oldVersion,
    SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: .noCertificate,
    SSL_R_NO_APPLICATION_PROTOCOL: .noApplicationProtocol,
  ]

  /// After the handshake every record is encrypted and none may begin another (RFC 8446, 5.1, 4.1.2).
  private static let renegotiationReasons: Set<Int32> = [
    SSL_R_BAD_RECORD_TYPE, SSL_R_UNEXPECTED_MESSAGE, SSL_R_UNEXPECTED_RECORD,
    SSL_R_NO_RENEGOTIATION,
  ]

  /// Reasons whose OpenSSL wording does not say what to do.
  private static let plainWords = [
    "wrong version number": "the peer does not speak TLS (wrong version number)",
    "http request": "the peer sent a plain HTTP request",
    "unsupported protocol": "the peer does not offer TLS 1.3 (unsupported protocol)",
    "peer did not return a certificate": "the client sent no certificate",
    "no application protocol": "the peer does not speak morlaif/1 (ALPN)",
    "tlsv1 alert no application protocol": "the server does not speak morlaif/1 (ALPN)",
    "tlsv13 alert certificate required": "the server requires a client certificate",
    "tlsv1 alert unknown ca": "the peer does not trust the CA of our certificate (unknown CA)",
    "sslv3 alert certificate expired": "our certificate has expired (certificate expired)",
    "sslv3 alert certificate revoked": "our certificate or identity was revoked at the peer",
    "tlsv1 alert protocol version": "the peer does not accept TLS 1.3 (protocol version)",
  ]
}
