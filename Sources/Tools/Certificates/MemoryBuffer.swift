internal import COpenSSL

/// Bytes that libcrypto reads from or writes to.
struct MemoryBuffer: ~Copyable {
  let pointer: OpaquePointer

  /// An empty buffer to write to.
  init() throws(CertificatesError) {
    guard let pointer = BIO_new(BIO_s_mem()) else {
      throw CryptographyFailure.latest("make a buffer")
    }
    self.pointer = pointer
  }

  /// A buffer that holds these bytes.
  init(_ bytes: [UInt8]) throws(CertificatesError) {
    guard let pointer = BIO_new(BIO_s_mem()) else {
      throw CryptographyFailure.latest("make a buffer")
    }
    let count = Int32(clamping: bytes.count)
    guard count == 0 || BIO_write(pointer, bytes, count) == count else {
      BIO_free(pointer)
      throw CryptographyFailure.latest("fill a buffer")
    }
    self.pointer = pointer
  }

  deinit {
    BIO_free(pointer)
  }

  /// Takes out everything that was written.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = BIO_read(pointer, &chunk, Int32(chunk.count))
      if count <= 0 { return result }
      result += chunk.prefix(Int(count))
    }
  }
}

/// Errors out of libcrypto's queue.
enum CryptographyFailure {
  /// The oldest error with its text; empties the queue.
  static func latest(_ step: String) -> CertificatesError {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return .cryptography(step: step, reason: "no reason given") }
    var text = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &text, text.count)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return .cryptography(step: step, reason: String(decoding: bytes, as: UTF8.self))
  }
}
