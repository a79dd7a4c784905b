internal import COpenSSL
internal import RPCWire

/// One TLS connection as a transformation of bytes, without a socket.
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
  private let pipe: CiphertextPipe
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
    let pipe = CiphertextPipe()
    guard let bio = unsafe pipe.makeBIO() else {
      unsafe SSL_free(session)
      throw .handshakeFailed(.malformed, "out of memory")
    }
    // One end for both directions; the session owns it from here on.
    unsafe SSL_set_bio(session, bio, bio)
    let made = unsafe TLSSession(takingOwnership: session, pipe: pipe, context: context)
    if context.role == .client { try made.expect(serverName: serverName ?? "") }
    return made
  }

  private init(
    takingOwnership session: OpaquePointer,
    pipe: consuming CiphertextPipe,
    context: TLSContext
  ) {
    unsafe self.session = session
    self.pipe = pipe
    self.context = context
    switch context.role {
    case .server: unsafe SSL_set_accept_state(session)
    case .client: unsafe SSL_set_connect_state(session)
    }
  }

  deinit { unsafe SSL_free(session) }

  /// Lends ciphertext from the transport, which must stay where it is until `endInput`.
  func lend(input: UnsafeRawBufferPointer) { unsafe pipe.lend(input: input) }

  /// The lent ciphertext is no longer there.
  ///
  /// After a read that said `needsInput` all of it has been taken over.
  func endInput() { pipe.endInput() }

  /// Whether a read could give anything.
  var mayHavePlaintext: Bool { unsafe !pipe.isInputUsedUp || SSL_pending(session) > 0 }

  /// Whether ciphertext waits that no `write` has given: of the handshake, alerts and key updates.
  var hasOverflow: Bool { pipe.hasOverflow }

  /// Takes that ciphertext out.
  func takeOverflow() -> [UInt8] { pipe.takeOverflow() }

  /// Goes on with the handshake.
  ///
  /// - Returns: whether it is complete.
  func handshake() throws(TLSError) -> Bool {
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
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> Reading {
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

  /// Most bytes of ciphertext that so much plaintext can become, in bytes.
  ///
  /// Records hold up to 16 KiB and cost a header of 5 bytes, a type and a tag of 16.
  static func ciphertextByteCountMax(ofPlaintext byteCount: Int) -> Int {
    byteCount + (byteCount / 16_384 + 1) * 22
  }

  /// Encrypts plaintext into `ciphertext`.
  ///
  /// - Returns: bytes written; with too little room, or an overflow before, the rest is in the overflow.
  func write(
    _ plaintext: UnsafeRawBufferPointer,
    into ciphertext: UnsafeMutableRawBufferPointer
  ) throws(TLSError) -> Int {
    guard let base = plaintext.baseAddress, unsafe !plaintext.isEmpty else { return 0 }
    OpenSSLErrors.clear()
    return try unsafe pipe.withRoom(ciphertext) { () throws(TLSError) in
      // The pipe takes everything, so there is no partial write.
      let written = unsafe SSL_write(session, base, Int32(clamping: plaintext.count))
      guard Int(written) == plaintext.count else { throw .broken(OpenSSLErrors.drain().text) }
    }
  }

  /// Says goodbye; the alert waits in `takeOverflow`.
  func shutdown() {
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
