internal import COpenSSL

/// An ECDSA key on the curve P-256.
struct PrivateKey: ~Copyable {
  let pointer: OpaquePointer

  /// Takes over a key that libcrypto made.
  init(takingOwnership pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    EVP_PKEY_free(pointer)
  }

  /// Makes a new key from the system's random numbers.
  static func generate() throws(CertificatesError) -> PrivateKey {
    guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
      throw CryptographyFailure.latest("prepare a key")
    }
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1,
      EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
      EVP_PKEY_generate(context, &key) == 1, let key
    else { throw CryptographyFailure.latest("make a key") }
    return PrivateKey(takingOwnership: key)
  }

  /// Reads a key from PEM.
  init(pem: [UInt8]) throws(CertificatesError) {
    let buffer = try MemoryBuffer(pem)
    guard let key = PEM_read_bio_PrivateKey(buffer.pointer, nil, nil, nil) else {
      throw CryptographyFailure.latest("read the key")
    }
    pointer = key
  }

  /// The key as PKCS #8 in PEM, not encrypted.
  borrowing func pem() throws(CertificatesError) -> [UInt8] {
    let buffer = try MemoryBuffer()
    guard PEM_write_bio_PrivateKey(buffer.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
      throw CryptographyFailure.latest("write the key")
    }
    return buffer.bytes
  }
}
