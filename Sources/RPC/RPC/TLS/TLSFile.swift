internal import Glibc

/// One of the files that a side's identity is made of.
struct TLSFile {
  /// What should be in it, as errors call it.
  enum Content: String {
    case certificate
    case key
    case authorities = "CA certificates"
  }

  let path: String
  let content: Content

  /// Opens the file once, because OpenSSL does not say in words why it cannot.
  ///
  /// - Throws: `TLSError.configuration` with the system's reason.
  func requireReadable() throws(TLSError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(errno) }
    defer { close(descriptor) }
    var byte: UInt8 = 0
    guard unsafe read(descriptor, &byte, 1) >= 0 else { throw unreadable(errno) }
  }

  /// Why OpenSSL cannot use what it has read.
  ///
  /// - Parameters:
  ///   - report: what it says.
  ///   - certificatePath: the certificate that a key is for.
  /// - Returns: the error.
  func unusable(_ report: OpenSSLErrors.Report, certificatePath: String = "") -> TLSError {
    if report.isKeyMismatch {
      return .configuration(
        file: path,
        reason: "does not belong to \(certificatePath); give the two files that were made together"
      )
    }
    if report.needsPassPhrase {
      return .configuration(
        file: path,
        reason: "is locked by a pass phrase, and a service has nobody to ask for it; "
          + "unlock it: openssl pkey -in \(path) -out PLAIN.key"
      )
    }
    return .configuration(
      file: path,
      reason: "holds no \(content.rawValue) in PEM (\(report.text)); \(advice)"
    )
  }

  private func unreadable(_ code: Int32) -> TLSError {
    let reason = unsafe String(cString: strerror(code))
    return .configuration(file: path, reason: "cannot be read: \(reason); \(advice)")
  }

  private var advice: String {
    "give the path of a PEM file with the \(content.rawValue), as `morlaif certificates` makes them"
  }
}
