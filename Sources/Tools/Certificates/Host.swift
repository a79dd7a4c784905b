internal import Glibc

/// A host that a certificate can name.
enum Host: Equatable {
  case name(String)
  case address(String)

  /// Tells names from addresses; refuses what is neither.
  init(_ text: String) throws(CertificatesError) {
    var storage = in6_addr()
    if inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1 {
      self = .address(text)
      return
    }
    // Names go into libcrypto's extension notation, where a comma would begin another entry.
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy { byte in
          byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
    }
    guard isName, text.utf8.count <= 253 else { throw .host(text) }
    self = .name(text)
  }

  /// The entry in a subjectAltName extension.
  var extensionValue: String {
    switch self {
    case .name(let name): "DNS:\(name)"
    case .address(let address): "IP:\(address)"
    }
  }
}
