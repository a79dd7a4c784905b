internal import COpenSSL
internal import RPCWire

/// One TLS connection as a transformation of bytes: no socket, two memory BIOs.
@safe
struct TLSSession: ~Copyable {
  /// What a read of plaintext gave.
  enum Reading {
    /// This many bytes were written to the buffer.
    case bytes(Int)
    /// More ciphertext is needed.
    case needsInput
    /// The peer closed its side properly.
    case closed
  }

  private let session: OpaquePointer
  /// Ciphertext from the peer; owned by the session.
  private let incoming: OpaquePointer
  /// Ciphertext for the peer; owned by the session.
  private let outgoing: OpaquePointer
  /// Kept for as long as the session, whose callbacks refer to it.
  private let context: TLSContext

  /// Makes a session that has not begun its handshake.
  ///
  /// - Parameters:
  ///   - context: identity and trust.
  ///   - serverName: client: the name or address the server's certificate must carry (W3).
  /// - Returns: the session.
  /// - Throws: `TLSError` when memory is out or the name cannot be a server's.
  static func make(
    _ context: TLSContext,
    serverName: String?
  ) throws(TLSError) -> TLSSession {
    OpenSSLErrors.clear()
    guard let session = unsafe context.makeSession() else {
      throw .handshakeFailed(.malformed, "out of memory")
    }
    guard let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem())
    else {
      // What one of them may hold is lost only when the process is out of memory anyway.
      unsafe SSL_free(session)
      throw .handshakeFailed(.malformed, "out of memory")
    }
    let made = unsafe TLSSession(
      takingOwnership: session,
      incoming: incoming,
      outgoing: outgoing,
      context: context
    )
    if context.role == .client { try made.expect(serverName: serverName ?? "") }
    return made
  }

  private init(
    takingOwnership session: OpaquePointer,
    incoming: OpaquePointer,
    outgoing: OpaquePointer,
    context: TLSContext
  ) {
    unsafe self.session = session
    unsafe self.incoming = incoming
    unsafe self.outgoing = outgoing
    self.context = context
    // The session takes ownership of both BIOs.
    unsafe SSL_set_bio(session, incoming, outgoing)
    switch context.role {
    case .server: unsafe SSL_set_accept_state(session)
    case .client: unsafe SSL_set_connect_state(session)
    }
  }

  deinit { unsafe SSL_free(session) }

  /// Ciphertext waiting to be sent, in bytes.
  var outgoingByteCount: Int { Int(unsafe BIO_ctrl_pending(outgoing)) }

  /// Ciphertext that has come and is not decrypted, in bytes.
  var incomingByteCount: Int { Int(unsafe BIO_ctrl_pending(incoming)) }

  /// Takes ciphertext from the transport.
  mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
    guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
    let written = unsafe BIO_write(incoming, base, Int32(truncatingIfNeeded: bytes.count))
    guard Int(written) == bytes.count else { throw .broken("out of memory") }
  }

  /// Moves ciphertext for the transport into a buffer.
  ///
  /// - Returns: bytes written.
  mutating func takeOutgoing(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let base = buffer.baseAddress, unsafe !buffer.isEmpty else { return 0 }
    let count = unsafe BIO_read(outgoing, base, Int32(clamping: buffer.count))
    return max(0, Int(count))
  }

  /// Goes on with the handshake.
  ///
  /// - Returns: whether it is complete.
  mutating func handshake() throws(TLSError) -> Bool {
    OpenSSLErrors.clear()
    let result = unsafe SSL_do_handshake(session)
    if result == 1 {
      try checkApplicationProtocol()
      return true
    }
    let error = unsafe SSL_get_error(session, result)
    if error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE { return false }
    throw handshakeError()
  }

  /// Reads plaintext.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Reading {
    guard let base = buffer.baseAddress, unsafe !buffer.isEmpty else { return .needsInput }
    OpenSSLErrors.clear()
    let count = unsafe SSL_read(session, base, Int32(clamping: buffer.count))
    if count > 0 { return .bytes(Int(count)) }
    switch unsafe SSL_get_error(session, count) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsInput
    case SSL_ERROR_ZERO_RETURN: return .closed
    default:
      let errors = OpenSSLErrors.drain()
      if errors.isRenegotiation { throw .renegotiation(errors.text) }
      throw errors.isAlert ? .refusedByPeer(errors.text) : .broken(errors.text)
    }
  }

  /// Encrypts plaintext; the result waits in `takeOutgoing`.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
    guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
    OpenSSLErrors.clear()
    // A memory BIO takes everything, so there is no partial write.
    let written = unsafe SSL_write(session, base, Int32(clamping: bytes.count))
    guard Int(written) == bytes.count else { throw .broken(OpenSSLErrors.drain().text) }
  }

  /// Says goodbye; the alert waits in `takeOutgoing`.
  mutating func shutdown() {
    OpenSSLErrors.clear()
    unsafe SSL_shutdown(session)
    OpenSSLErrors.clear()
  }

  /// Who the peer is, by its verified certificate; nil when it sent none.
  var peerIdentity: RPCPeer.Identity? {
    guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return nil }
    defer { unsafe X509_free(certificate) }
    return unsafe CertificateNames.read(certificate)
  }

  /// W3: what the server's certificate must say.
  private func expect(serverName: String) throws(TLSError) {
    guard !serverName.isEmpty, !serverName.utf8.contains(0) else {
      throw .configuration(file: "serverName", reason: "empty, so no certificate can match")
    }
    let parameters = unsafe SSL_get0_param(session)
    if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, serverName) == 1 { return }
    OpenSSLErrors.clear()
    unsafe X509_VERIFY_PARAM_set_hostflags(
      parameters,
      UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
    )
    guard unsafe X509_VERIFY_PARAM_set1_host(parameters, serverName, serverName.utf8.count) == 1,
      unsafe morlaif_ssl_set_server_name(session, serverName) == 1
    else {
      throw .configuration(file: "serverName", reason: "\(serverName) is not a host name")
    }
  }

  /// W2 at the client: a server that ignored ALPN is not ours.
  private func checkApplicationProtocol() throws(TLSError) {
    var name: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    unsafe SSL_get0_alpn_selected(session, &name, &count)
    let selected = unsafe UnsafeBufferPointer(start: name, count: Int(count))
    guard unsafe selected.elementsEqual(WireLimits.applicationProtocol.utf8) else {
      throw .handshakeFailed(
        .noApplicationProtocol,
        "the peer does not speak \(WireLimits.applicationProtocol) (ALPN)"
      )
    }
  }

  private func handshakeError() -> TLSError {
    let errors = OpenSSLErrors.drain()
    let verification = unsafe SSL_get_verify_result(session)
    if verification != Int(X509_V_OK) {
      let reason = unsafe X509_verify_cert_error_string(verification).map {
        unsafe String(cString: $0)
      }
      return .certificateRefused(
        OpenSSLErrors.fault(ofVerification: verification),
        reason ?? errors.text
      )
    }
    return errors.isAlert
      ? .refusedByPeer(errors.text) : .handshakeFailed(errors.fault, errors.text)
  }
}
