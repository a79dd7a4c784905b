internal import COpenSSL

/// OpenSSL's error queue of this thread, emptied into words.
enum OpenSSLErrors {
  /// Empties the queue.
  ///
  /// - Returns: the reasons, oldest first, and whether one is an alert the peer sent.
  static func drain() -> (text: String, isAlert: Bool) {
    var reasons: [String] = []
    var isAlert = false
    // The queue holds at most 16 errors.
    for _ in 0..<32 {
      let code = ERR_get_error()
      guard code != 0 else { break }
      let reason = morlaif_err_reason(code)
      if morlaif_err_library(code) == ERR_LIB_SSL, reason >= SSL_AD_REASON_OFFSET {
        isAlert = true
      }
      reasons.append(text(of: code))
    }
    return (reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; "), isAlert)
  }

  /// Forgets errors that an earlier call on this thread may have left.
  static func clear() { ERR_clear_error() }

  private static func text(of code: UInt) -> String {
    guard let reason = unsafe ERR_reason_error_string(code) else {
      return "OpenSSL error \(code)"
    }
    let words = unsafe String(cString: reason)
    return plainWords[words] ?? words
  }

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
    "tlsv1 alert protocol version": "the peer does not accept TLS 1.3 (protocol version)",
  ]
}
