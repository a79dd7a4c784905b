/// A request.
struct HTTPRequest: Sendable {
  /// What is wanted of the server.
  enum Method: Sendable {
    case get
    case post
  }

  /// What is wanted.
  var method = Method.post
  /// Where to.
  var url: String
  /// Header lines as `Name: value`.
  var headers: [String]
  /// The body; GET requests have none.
  var body: [UInt8]
  /// Time for the whole exchange.
  var timeout: Duration
  /// Time to reach the server.
  var connectTimeout: Duration
  /// Longest accepted response body, in bytes.
  var responseByteCountMax: Int
  /// Whether it must not reach the server twice.
  ///
  /// libcurl sends a request again by itself when a connection that it kept dies without an answer;
  /// on a fresh one it does not.
  var mustNotRepeat = false
}

/// A response with any status.
struct HTTPResponse: Sendable {
  /// The status code.
  var status: Int
  /// `retry-after` and the `x-ratelimit-` headers, names in lower case.
  var headers: [String: String]
  /// The body.
  var body: [UInt8]
}

/// Why there is no response.
enum HTTPFailure: Error, Equatable, Sendable {
  /// No connection was made, so that nothing was sent; the text is libcurl's.
  case unreachable(String)
  /// The connection broke when something may have been sent; the text is libcurl's.
  case transport(String)
  /// The time ran out.
  case timedOut
  /// The response was longer than allowed.
  case tooLarge(byteCountMax: Int)
  /// The request cannot be made at all, for example because of its URL.
  case unusable(String)
  /// The caller gave up.
  case cancelled
}
