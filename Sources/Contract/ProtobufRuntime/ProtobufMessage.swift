public import LargeMemory

/// A value that travels as a protobuf message.
public protocol ProtobufMessage: Sendable, Equatable {
  /// The message's full name, such as `morlaif.v1.ScoreRequest`.
  static var protobufName: String { get }

  /// Makes the message with every field at its default.
  init()

  /// Decodes the message.
  ///
  /// - Throws: `MessageError` when the bytes are not a message of this kind or exceed a limit.
  init(protobuf bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws(MessageError)

  /// Encodes the message and lends the bytes to `body`; they are gone when it returns.
  ///
  /// - Throws: `MessageError` when a field cannot be encoded, and what `body` throws.
  func withEncoded<Result>(
    _ body: (UnsafeRawBufferPointer) throws(MessageError) -> Result
  ) throws(MessageError) -> Result

  /// The encoded message, large arrays of it where they are.
  ///
  /// - Throws: `MessageError` when a field cannot be encoded.
  func scattered() throws(MessageError) -> ScatteredBytes
}

extension ProtobufMessage {
  /// The encoded message as an array of bytes.
  ///
  /// - Throws: `MessageError` when a field cannot be encoded.
  public func encoded() throws(MessageError) -> [UInt8] { try scattered().joined }

  /// Decodes the message from an array of bytes.
  public init(protobuf bytes: [UInt8], limits: DecodingLimits = .default) throws(MessageError) {
    let result = bytes.withUnsafeBytes { buffer -> Result<Self, MessageError> in
      Result { () throws(MessageError) in try Self(protobuf: buffer, limits: limits) }
    }
    self = try result.get()
  }
}
