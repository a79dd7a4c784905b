public import LargeMemory

/// An encoded message of any kind, passed through untouched.
public struct RawMessage: ProtobufMessage {
  /// The name of no message in particular.
  public static var protobufName: String { "raw" }

  /// The encoded message.
  public var bytes: [UInt8]

  /// Makes an empty message, which every kind of message decodes to its defaults.
  public init() {
    bytes = []
  }

  /// Makes a message of encoded bytes.
  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Copies the bytes.
  ///
  /// - Throws: `tooLarge`; nothing else is looked at.
  public init(protobuf bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws(MessageError) {
    guard bytes.count <= limits.byteCountMax else {
      throw .tooLarge(
        message: Self.protobufName,
        byteCount: bytes.count,
        byteCountMax: limits.byteCountMax
      )
    }
    self.bytes = [UInt8](bytes)
  }

  /// Lends the bytes.
  public func withEncoded<Result>(
    _ body: (UnsafeRawBufferPointer) throws(MessageError) -> Result
  ) throws(MessageError) -> Result {
    let result = bytes.withUnsafeBytes { buffer -> Swift.Result<Result, MessageError> in
      Swift.Result { () throws(MessageError) in try body(buffer) }
    }
    return try result.get()
  }

  /// The bytes themselves.
  public func scattered() throws(MessageError) -> ScatteredBytes { ScatteredBytes(bytes) }
}
