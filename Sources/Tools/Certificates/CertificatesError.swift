/// Why certificates could not be made or kept.
package enum CertificatesError: Error, Equatable, CustomStringConvertible {
  /// A host is neither a name nor an address.
  case host(String)
  /// A client's name cannot be a file name, or is taken.
  case client(String)
  /// A file is there and cannot be used; only `--force` replaces it.
  case unusable(path: String, reason: String)
  /// The system refused to read or write a file.
  case file(path: String, action: String, reason: String)
  /// libcrypto failed; its own words.
  case cryptography(step: String, reason: String)

  /// One sentence for people: what, where, and what to do.
  package var description: String {
    switch self {
    case .host(let host):
      "--host \(host): give a host name or an IP address"
    case .client(let name):
      "--client \(name): give a name like alice or trainer-2; not ca or a service"
    case .unusable(let path, let reason):
      "\(path) \(reason); --force makes a new authority and new certificates for everyone"
    case .file(let path, let action, let reason):
      "cannot \(action) \(path): \(reason)"
    case .cryptography(let step, let reason):
      "libcrypto cannot \(step): \(reason)"
    }
  }
}
