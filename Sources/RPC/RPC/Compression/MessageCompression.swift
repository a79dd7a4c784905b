internal import CZlib

/// Messages as zlib streams (W40).
enum MessageCompression {
  /// Why a stream did not become a message.
  enum Failure: Error, Equatable {
    /// W41
    case longerThan(Int)
    /// W42
    case damaged(String)

    /// The status it costs the call; `undecodable` is the code of this side (W21).
    func rpcError(undecodable: RPCError.Code) -> RPCError {
      switch self {
      case .longerThan(let byteCountMax):
        RPCError(
          code: .resourceExhausted,
          message: "a compressed message has more than the \(byteCountMax) bytes allowed"
        )
      case .damaged(let reason):
        RPCError(code: undecodable, message: "a compressed message cannot be read: \(reason)")
      }
    }
  }

  /// Shorter messages travel as they are: there is little to gain.
  static let byteCountMin = 1_024
  /// Longer messages travel as they are: compressing one would hold up its event loop for too long.
  static let byteCountMax = 4_194_304
  /// zlib's fastest level, as compressing happens between other calls.
  private static let level: Int32 = 1
  private static let chunkBytes = 65_536

  /// The stream of a message, or nil when it would not be shorter (W40).
  static func deflated(_ message: RawSpan) -> [UInt8]? {
    let byteCount = message.byteCount
    guard byteCount >= byteCountMin, byteCount <= byteCountMax else { return nil }
    var stream = unsafe z_stream()
    guard unsafe morlaif_deflate_init(&stream, level) == Z_OK else { return nil }
    defer { unsafe _ = deflateEnd(&stream) }
    // Room for one byte less than the message: what does not fit is not worth sending.
    let output = unsafe [UInt8](unsafeUninitializedCapacity: byteCount - 1) { target, count in
      unsafe message.withUnsafeBytes { source in
        unsafe stream.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        unsafe stream.avail_in = UInt32(byteCount)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(byteCount - 1)
        let isComplete = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
        unsafe count = isComplete ? byteCount - 1 - Int(stream.avail_out) : 0
      }
    }
    return output.isEmpty ? nil : output
  }

  /// The message of a stream, inflated no further than its limit (W41).
  ///
  /// Memory grows with what has been inflated, never with what the stream claims.
  static func inflated(
    _ bytes: RawSpan,
    byteCountMax: Int
  ) throws(Failure) -> [UInt8] {
    var stream = unsafe z_stream()
    guard bytes.byteCount <= Int(UInt32.max), unsafe morlaif_inflate_init(&stream) == Z_OK else {
      throw .damaged("zlib cannot begin")
    }
    defer { unsafe _ = inflateEnd(&stream) }
    let result = unsafe bytes.withUnsafeBytes { source in
      unsafe stream.next_in = UnsafeMutablePointer(
        mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self)
      )
      unsafe stream.avail_in = UInt32(source.count)
      return Result { () throws(Failure) in
        try unsafe inflateAll(&stream, byteCountMax: byteCountMax)
      }
    }
    return try result.get()
  }

  private static func inflateAll(
    _ stream: inout z_stream,
    byteCountMax: Int
  ) throws(Failure) -> [UInt8] {
    var message: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: chunkBytes)
    while true {
      let (status, count) = unsafe chunk.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        let status = unsafe inflate(&stream, Z_NO_FLUSH)
        return unsafe (status, target.count - Int(stream.avail_out))
      }
      guard message.count + count <= byteCountMax else { throw .longerThan(byteCountMax) }
      message += chunk[..<count]
      switch status {
      case Z_STREAM_END:
        guard unsafe stream.avail_in == 0 else { throw .damaged("bytes follow its end") }
        return message
      case Z_OK where count > 0: continue
      // Nothing more to read, and the end has not come.
      case Z_OK, Z_BUF_ERROR: throw .damaged("it ends too early")
      default: throw .damaged("it is not a zlib stream")
      }
    }
  }
}
