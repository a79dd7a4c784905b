internal import CRawTLS

/// A raw OpenSSL connection to the floor's server.
final class Floor {
  private let connection: OpaquePointer

  /// Connects.
  init(_ identity: BenchmarkIdentity, port: Int) throws {
    let connection = identity.withFiles(of: BenchmarkIdentity.client) {
      raw_tls_open($0, Int32(port), nil)
    }
    guard let connection else { throw BenchmarkFailure("the floor's server cannot be reached") }
    self.connection = connection
  }

  deinit { raw_tls_close(connection) }

  /// Sends `depth` requests at once and waits for their replies, over and over for `seconds`.
  func exchange(
    depth: Int,
    requestBytes: Int,
    replyBytes: Int,
    seconds: Double,
    into sample: inout Sample
  ) throws {
    // As many rounds as the fastest machine could do.
    let room = Int(seconds * 400_000) + 1
    var microseconds = [Double](repeating: 0, count: room)
    let before = Stopwatch.now
    let count = raw_tls_exchange(
      connection,
      Int32(depth),
      requestBytes,
      replyBytes,
      seconds,
      &microseconds,
      room
    )
    guard count >= 0 else { throw BenchmarkFailure("the floor's connection broke") }
    sample.add(
      microseconds: Array(microseconds[..<count]),
      count: count * depth,
      seconds: Stopwatch.now - before
    )
  }
}

/// A TLS connection that has said HELLO to our server and then nothing more.
final class IdlePeer {
  private let connection: OpaquePointer

  /// Connects, says HELLO and waits for the server's.
  init(_ identity: BenchmarkIdentity, port: Int, hello: [UInt8], protocolName: String) throws {
    let connection = identity.withFiles(of: BenchmarkIdentity.client) {
      raw_tls_open($0, Int32(port), protocolName)
    }
    guard let connection else { throw BenchmarkFailure("the server refused an idle connection") }
    self.connection = connection
    var answer = [UInt8](repeating: 0, count: 4_096)
    guard raw_tls_write(connection, hello, hello.count) == 1,
      raw_tls_read(connection, &answer, answer.count) > 0
    else { throw BenchmarkFailure("the server closed an idle connection") }
  }

  deinit { raw_tls_close(connection) }
}
