internal import COpenSSL
internal import Glibc

/// The names a certificate carries.
enum CertificateNames {
  private final class Collector {
    var names: [String] = []
  }

  /// Reads the common name and the alternative names of an `X509`.
  static func read(_ certificate: OpaquePointer) -> RPCPeer.Identity {
    let collector = Collector()
    let user = unsafe Unmanaged.passUnretained(collector).toOpaque()
    withExtendedLifetime(collector) {
      unsafe morlaif_x509_each_alternative_name(certificate, user) {
        user,
        isAddress,
        bytes,
        count in
        guard let user = unsafe user, let bytes = unsafe bytes, count > 0 else { return }
        let name = unsafe UnsafeBufferPointer(start: bytes, count: Int(count))
        let collector = unsafe Unmanaged<Collector>.fromOpaque(user).takeUnretainedValue()
        collector.names.append(
          unsafe isAddress == 1 ? addressText(name) : String(decoding: name, as: UTF8.self)
        )
      }
    }
    return RPCPeer.Identity(
      commonName: unsafe commonName(certificate),
      alternativeNames: collector.names,
      serialNumber: unsafe serialNumber(certificate)
    )
  }

  /// When a certificate ends, in seconds since 1970; 0 when it does not say.
  static func notAfterSeconds(_ certificate: OpaquePointer) -> Int {
    var end = tm()
    guard let time = unsafe X509_get0_notAfter(certificate),
      unsafe ASN1_TIME_to_tm(time, &end) == 1
    else { return 0 }
    return unsafe timegm(&end)
  }

  private static func serialNumber(_ certificate: OpaquePointer) -> String {
    guard let serial = unsafe X509_get0_serialNumber(certificate),
      let number = unsafe ASN1_INTEGER_to_BN(serial, nil)
    else { return "" }
    defer { unsafe BN_free(number) }
    guard let text = unsafe BN_bn2hex(number) else { return "" }
    defer { unsafe CRYPTO_free(text, #fileID, Int32(#line)) }
    return RPCPeer.Identity.plainSerial(unsafe String(cString: text))
  }

  private static func commonName(_ certificate: OpaquePointer) -> String {
    guard let subject = unsafe X509_get_subject_name(certificate) else { return "" }
    let index = unsafe X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
    guard index >= 0, let entry = unsafe X509_NAME_get_entry(subject, index),
      let data = unsafe X509_NAME_ENTRY_get_data(entry)
    else { return "" }
    var utf8: UnsafeMutablePointer<UInt8>?
    let count = unsafe ASN1_STRING_to_UTF8(&utf8, data)
    guard count > 0, let bytes = unsafe utf8 else { return "" }
    defer { unsafe CRYPTO_free(bytes, #fileID, Int32(#line)) }
    return unsafe String(
      decoding: UnsafeBufferPointer(start: bytes, count: Int(count)),
      as: UTF8.self
    )
  }
}

/// Four bytes with dots, sixteen as groups of hex.
private func addressText(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
  let octets = unsafe Array(bytes)
  guard octets.count == 16 else { return octets.map { "\($0)" }.joined(separator: ".") }
  return stride(from: 0, to: 16, by: 2)
    .map { String(UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]), radix: 16) }
    .joined(separator: ":")
}
