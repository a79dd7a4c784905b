internal import COpenSSL

/// An X.509 certificate.
struct Certificate: ~Copyable {
  let pointer: OpaquePointer

  /// What a certificate says.
  struct Contents {
    /// Common name of the holder.
    var name: String
    /// Days for which it holds, from an hour ago so that clocks may differ a little.
    var days: Int
    /// Extensions by libcrypto's names, in libcrypto's notation.
    var extensions: [(identifier: Int32, value: String)]
  }

  /// Takes over a certificate that libcrypto made.
  init(takingOwnership pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    X509_free(pointer)
  }

  /// Reads a certificate from PEM.
  init(pem: [UInt8]) throws(CertificatesError) {
    let buffer = try MemoryBuffer(pem)
    guard let certificate = PEM_read_bio_X509(buffer.pointer, nil, nil, nil) else {
      throw CryptographyFailure.latest("read the certificate")
    }
    pointer = certificate
  }

  /// Makes the certificate of an authority, signed by itself.
  static func authority(
    _ contents: Contents,
    key: borrowing PrivateKey
  ) throws(CertificatesError) -> Certificate {
    let certificate = try blank(contents, key: key)
    guard
      X509_set_issuer_name(certificate.pointer, X509_get_subject_name(certificate.pointer)) == 1
    else { throw CryptographyFailure.latest("name the issuer") }
    try certificate.extend(contents, issuer: certificate.pointer)
    try certificate.sign(by: key)
    return certificate
  }

  /// Makes a certificate signed by an authority.
  ///
  /// - Parameters:
  ///   - contents: what it says.
  ///   - key: its key.
  ///   - earlier: a certificate whose alternative names it takes over.
  ///   - issuer: the authority.
  ///   - issuerKey: the authority's key.
  /// - Returns: the certificate.
  /// - Throws: `cryptography` with libcrypto's words.
  static func issued(
    _ contents: Contents,
    key: borrowing PrivateKey,
    namesOf earlier: OpaquePointer?,
    by issuer: borrowing Certificate,
    issuerKey: borrowing PrivateKey
  ) throws(CertificatesError) -> Certificate {
    let certificate = try blank(contents, key: key)
    guard X509_set_issuer_name(certificate.pointer, X509_get_subject_name(issuer.pointer)) == 1
    else { throw CryptographyFailure.latest("name the issuer") }
    try certificate.extend(contents, issuer: issuer.pointer)
    if let earlier { try certificate.takeNames(of: earlier) }
    try certificate.sign(by: issuerKey)
    return certificate
  }

  /// A certificate with serial number, holder, dates and key, not yet signed.
  private static func blank(
    _ contents: Contents,
    key: borrowing PrivateKey
  ) throws(CertificatesError) -> Certificate {
    guard let pointer = X509_new() else { throw CryptographyFailure.latest("begin a certificate") }
    let certificate = Certificate(takingOwnership: pointer)
    // RFC 5280 wants a positive number of at most 20 bytes.
    guard let number = BN_new() else { throw CryptographyFailure.latest("make a serial number") }
    defer { BN_free(number) }
    let organisation = Array("MORLAIF".utf8)
    guard BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1,
      BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
      X509_set_version(pointer, 2) == 1,
      X509_gmtime_adj(X509_getm_notBefore(pointer), -3600) != nil,
      X509_time_adj_ex(X509_getm_notAfter(pointer), Int32(clamping: contents.days), 0, nil) != nil,
      X509_set_pubkey(pointer, key.pointer) == 1,
      X509_NAME_add_entry_by_txt(
        X509_get_subject_name(pointer),
        "O",
        MBSTRING_UTF8,
        organisation,
        Int32(clamping: organisation.count),
        -1,
        0
      )
        == 1,
      X509_NAME_add_entry_by_txt(
        X509_get_subject_name(pointer),
        "CN",
        MBSTRING_UTF8,
        Array(contents.name.utf8),
        Int32(clamping: contents.name.utf8.count),
        -1,
        0
      ) == 1
    else { throw CryptographyFailure.latest("fill in the certificate") }
    return certificate
  }

  private borrowing func extend(
    _ contents: Contents,
    issuer: OpaquePointer
  ) throws(CertificatesError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, issuer, pointer, nil, nil, 0)
    for (identifier, value) in contents.extensions {
      guard let part = X509V3_EXT_conf_nid(nil, &context, identifier, value) else {
        throw CryptographyFailure.latest("write the extension \(value)")
      }
      defer { X509_EXTENSION_free(part) }
      guard X509_add_ext(pointer, part, -1) == 1 else {
        throw CryptographyFailure.latest("add the extension \(value)")
      }
    }
  }

  private borrowing func takeNames(of earlier: OpaquePointer) throws(CertificatesError) {
    let place = X509_get_ext_by_NID(earlier, NID_subject_alt_name, -1)
    guard place >= 0 else { return }
    guard X509_add_ext(pointer, X509_get_ext(earlier, place), -1) == 1 else {
      throw CryptographyFailure.latest("take over the alternative names")
    }
  }

  private borrowing func sign(by key: borrowing PrivateKey) throws(CertificatesError) {
    guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else {
      throw CryptographyFailure.latest("sign the certificate")
    }
  }

  /// The certificate in PEM.
  borrowing func pem() throws(CertificatesError) -> [UInt8] {
    let buffer = try MemoryBuffer()
    guard PEM_write_bio_X509(buffer.pointer, pointer) == 1 else {
      throw CryptographyFailure.latest("write the certificate")
    }
    return buffer.bytes
  }

  /// Whether this is the certificate of a key.
  borrowing func belongs(to key: borrowing PrivateKey) -> Bool {
    let matches = X509_check_private_key(pointer, key.pointer) == 1
    ERR_clear_error()
    return matches
  }

  /// Whether an authority signed it.
  borrowing func isSigned(by issuer: borrowing Certificate) -> Bool {
    guard let key = X509_get0_pubkey(issuer.pointer) else { return false }
    let isValid =
      X509_verify(pointer, key) == 1
      && X509_NAME_cmp(X509_get_issuer_name(pointer), X509_get_subject_name(issuer.pointer)) == 0
    ERR_clear_error()
    return isValid
  }

  /// Whether it still holds at a time.
  borrowing func holds(at unixSeconds: Int) -> Bool {
    var moment = time_t(unixSeconds)
    return X509_cmp_time(X509_get0_notAfter(pointer), &moment) > 0
      && X509_cmp_time(X509_get0_notBefore(pointer), &moment) < 0
  }

  /// Whether it names a host.
  borrowing func names(_ host: Host) -> Bool {
    switch host {
    case .name(let name): X509_check_host(pointer, name, name.utf8.count, 0, nil) == 1
    case .address(let address): X509_check_ip_asc(pointer, address, 0) == 1
    }
  }
}
