internal import COpenSSL
internal import RPCWire

/// The loaded identity and trust of one side, shared by all its connections.
///
/// SAFETY: an `SSL_CTX` is reference-counted and, once configured in `init`, only read; OpenSSL
/// allows sessions to be made from it on any thread.
@safe
final class TLSContext: @unchecked Sendable {
  /// Which side of the handshake.
  enum Role: Sendable {
    case client
    case server
  }

  let role: Role
  let configuration: TLSConfiguration
  private let context: OpaquePointer
  /// Says why the owner of a certificate that the authority vouches for is refused all the same.
  private let refusal: (@Sendable (RPCPeer.Identity) -> String?)?

  /// Loads the files of a configuration.
  ///
  /// - Parameters:
  ///   - configuration: where the files are.
  ///   - role: which side.
  ///   - refusal: server: asked about every verified client; an answer refuses it as revoked.
  /// - Throws: `TLSError.configuration` naming the file that cannot be used.
  init(
    _ configuration: TLSConfiguration,
    role: Role,
    refusal: (@Sendable (RPCPeer.Identity) -> String?)? = nil
  ) throws(TLSError) {
    self.role = role
    self.configuration = configuration
    self.refusal = refusal
    OpenSSLErrors.clear()
    let method = unsafe role == .server ? TLS_server_method() : TLS_client_method()
    guard let context = unsafe SSL_CTX_new(method) else {
      throw .configuration(file: "-", reason: OpenSSLErrors.drain().text)
    }
    unsafe self.context = context
    guard unsafe morlaif_ssl_ctx_only_tls_1_3(context) == 1 else {
      throw .configuration(file: "-", reason: OpenSSLErrors.drain().text)
    }
    unsafe morlaif_ssl_ctx_set_defaults(context)
    // AES-128 first: as safe here, and a third faster than OpenSSL's first choice.
    unsafe SSL_CTX_set_ciphersuites(
      context,
      "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    )
    try loadIdentity()
    try loadTrust()
    try setApplicationProtocol()
  }

  deinit { unsafe SSL_CTX_free(context) }

  /// Makes the C session of a new connection; nil when memory is out.
  func makeSession() -> OpaquePointer? { unsafe SSL_new(context) }

  private func loadIdentity() throws(TLSError) {
    guard let certificatePath = configuration.certificatePath else {
      guard role == .client else {
        throw .configuration(
          file: "certificatePath",
          reason: "a server needs a certificate and a key"
        )
      }
      return
    }
    guard let keyPath = configuration.keyPath else {
      throw .configuration(file: "keyPath", reason: "a certificate needs its key")
    }
    let certificateFile = TLSFile(path: certificatePath, content: .certificate)
    try certificateFile.requireReadable()
    guard unsafe SSL_CTX_use_certificate_chain_file(context, certificatePath) == 1 else {
      throw certificateFile.unusable(OpenSSLErrors.drain())
    }
    let keyFile = TLSFile(path: keyPath, content: .key)
    try keyFile.requireReadable()
    // Without this OpenSSL would ask for a pass phrase on the terminal, and wait.
    unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }
    // OpenSSL compares a key with the certificate that is there as soon as it has read it.
    guard unsafe SSL_CTX_use_PrivateKey_file(context, keyPath, SSL_FILETYPE_PEM) == 1 else {
      throw keyFile.unusable(OpenSSLErrors.drain(), certificatePath: certificatePath)
    }
  }

  private func loadTrust() throws(TLSError) {
    if let caPath = configuration.caPath {
      let file = TLSFile(path: caPath, content: .authorities)
      try file.requireReadable()
      guard unsafe SSL_CTX_load_verify_locations(context, caPath, nil) == 1 else {
        throw file.unusable(OpenSSLErrors.drain())
      }
    } else if role == .client {
      unsafe SSL_CTX_set_default_verify_paths(context)
    }
    switch role {
    case .client:
      unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
    case .server:
      guard let caPath = configuration.caPath else { return }
      // The context outlives its sessions, which hold it; so the pointer is good for each callback.
      unsafe SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
      unsafe SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        verifyClient
      )
      unsafe SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(caPath))
    }
  }

  /// W2: the client offers one protocol, the server takes nothing else.
  private func setApplicationProtocol() throws(TLSError) {
    switch role {
    case .client:
      let name = Array(WireLimits.applicationProtocol.utf8)
      let offer = [UInt8(truncatingIfNeeded: name.count)] + name
      // Unlike its neighbours this function returns 0 for success.
      guard unsafe SSL_CTX_set_alpn_protos(context, offer, UInt32(offer.count)) == 0 else {
        throw .configuration(file: "-", reason: OpenSSLErrors.drain().text)
      }
    case .server:
      unsafe SSL_CTX_set_alpn_select_cb(context, selectApplicationProtocol, nil)
    }
  }
}

extension TLSContext {
  /// Names and serial number of the own certificate, and when it ends.
  var certificate: (identity: RPCPeer.Identity, notAfterSeconds: Int)? {
    guard let certificate = unsafe SSL_CTX_get0_certificate(context) else { return nil }
    return unsafe (
      CertificateNames.read(certificate), CertificateNames.notAfterSeconds(certificate)
    )
  }

  /// Whether the owner of a verified certificate is refused.
  fileprivate func refuses(_ identity: RPCPeer.Identity) -> Bool { refusal?(identity) != nil }
}

/// Refuses a client that a rule names as revoked, inside the handshake, so that it hears why.
private func verifyClient(_ isVerified: Int32, _ store: OpaquePointer?) -> Int32 {
  guard isVerified == 1, unsafe X509_STORE_CTX_get_error_depth(store) == 0 else {
    return isVerified
  }
  guard
    let session = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
    let user = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(OpaquePointer(session)), 0),
    let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
  else { return 0 }
  let context = unsafe Unmanaged<TLSContext>.fromOpaque(user).takeUnretainedValue()
  guard unsafe context.refuses(CertificateNames.read(certificate)) else { return 1 }
  unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED)
  return 0
}

/// Chooses `morlaif/1` from the client's offer, or ends the handshake (W2).
private func selectApplicationProtocol(
  _ session: OpaquePointer?,
  _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ chosenCount: UnsafeMutablePointer<UInt8>?,
  _ offered: UnsafePointer<UInt8>?,
  _ offeredCount: UInt32,
  _ user: UnsafeMutableRawPointer?
) -> Int32 {
  guard let offered = unsafe offered, let chosen = unsafe chosen,
    let chosenCount = unsafe chosenCount
  else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  let wanted = Array(WireLimits.applicationProtocol.utf8)
  let names = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
  var offset = 0
  while offset < names.count {
    let count = Int(unsafe names[offset])
    let end = offset + 1 + count
    guard end <= names.count else { break }
    if unsafe names[(offset + 1)..<end].elementsEqual(wanted) {
      unsafe chosen.pointee = unsafe offered + offset + 1
      unsafe chosenCount.pointee = UInt8(truncatingIfNeeded: count)
      return SSL_TLSEXT_ERR_OK
    }
    offset = end
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL
}
