/// Who is at the other end of a connection.
public struct RPCPeer: Sendable, Hashable {
  /// What a verified certificate says about its owner.
  public struct Identity: Sendable, Hashable {
    /// Common name of the subject; empty when it has none.
    public let commonName: String
    /// DNS names, addresses and URIs.
    public let alternativeNames: [String]
    /// Serial number in hexadecimal, lower case, without colons or leading zeros.
    public let serialNumber: String

    /// What logs and refusals call the owner: the common name, or else the first alternative name.
    public var name: String {
      commonName.isEmpty ? alternativeNames.first ?? "serial \(serialNumber)" : commonName
    }

    /// Whether the certificate carries a name, as common name or alternative name.
    public func isNamed(_ name: String) -> Bool {
      commonName == name || alternativeNames.contains(name)
    }

    /// A serial number as `serialNumber` writes it, from any usual way of writing it.
    package static func plainSerial(_ text: String) -> String {
      let digits = text.lowercased().filter { $0 != ":" && $0 != " " }
      let plain = digits.hasPrefix("0x") ? digits.dropFirst(2) : digits[...]
      let significant = plain.drop { $0 == "0" }
      return significant.isEmpty ? "0" : String(significant)
    }
  }

  /// Address and port as text, for logs.
  public let address: String
  /// Nil when the peer showed no certificate.
  public let identity: Identity?
}
