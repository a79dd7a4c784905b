internal import Hashing

/// Names a request to an endpoint so exactly that no identical one has to be sent again.
///
/// SHA-256 over the address and the body. Unlike a ``VerdictKey`` it knows nothing of principles and
/// readings: two principles of the same wording are one request, and a better reader of answers reads
/// old ones again.
package struct RequestKey: Hashable, Sendable {
  /// 32 bytes.
  let digest: [UInt8]

  /// Derives the key of a request.
  init(url: String, body: String) {
    digest = SHA256.digest(ofParts: [url, body])
  }

  /// Takes a key from a store.
  init(digest: [UInt8]) { self.digest = digest }

  /// The key as text, for headers.
  var text: String { digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
