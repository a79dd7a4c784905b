/// The ways in which a message cannot be decoded or encoded.
///
/// `message` is the full name of the outermost message; `field` is the path to the field from
/// there (`labels[3].principle_id`), empty when the fault is in the message as a whole.
public enum MessageError: Error, Sendable, Equatable {
  /// The encoded message has more bytes than the limit.
  case tooLarge(message: String, byteCount: Int, byteCountMax: Int)
  /// Decoding would need more memory than the limit.
  case arenaExhausted(message: String, arenaByteCountMax: Int)
  /// Messages lie inside each other deeper than the limit.
  case tooDeep(message: String, field: String, depthMax: Int)
  /// The bytes end in the middle of a field.
  case truncated(message: String, field: String)
  /// The bytes are not an encoding of this message.
  case malformed(message: String, field: String, reason: String)
  /// A text field is not UTF-8.
  case invalidUTF8(message: String, field: String)
  /// An identifier holds a NUL, which would silently cut it.
  case embeddedNUL(message: String, field: String)
  /// The machine has no memory left.
  case outOfMemory(message: String)
}

extension MessageError: CustomStringConvertible {
  /// One sentence that names the message, the field and the fault.
  public var description: String {
    switch self {
    case .tooLarge(let message, let byteCount, let byteCountMax):
      "\(message): \(byteCount) bytes are more than the limit of \(byteCountMax) bytes; "
        + "send less at once or raise the limit"
    case .arenaExhausted(let message, let arenaByteCountMax):
      "\(message): decoding needs more than the limit of \(arenaByteCountMax) bytes of memory"
    case .tooDeep(let message, let field, let depthMax):
      "\(Self.place(message, field)): messages lie more than \(depthMax) deep in each other"
    case .truncated(let message, let field):
      "\(Self.place(message, field)): the bytes end in the middle of the field"
    case .malformed(let message, let field, let reason):
      "\(Self.place(message, field)): \(reason)"
    case .invalidUTF8(let message, let field):
      "\(Self.place(message, field)): the text is not valid UTF-8"
    case .embeddedNUL(let message, let field):
      "\(Self.place(message, field)): an identifier may not contain NUL; remove it"
    case .outOfMemory(let message):
      "\(message.isEmpty ? "message" : message): no memory is left to encode or decode it"
    }
  }

  private static func place(_ message: String, _ field: String) -> String {
    field.isEmpty ? message : "\(message).\(field)"
  }
}

extension MessageError {
  /// The same fault seen from the message that holds the faulty one in `field`.
  ///
  /// - Parameters:
  ///   - message: full name of the outer message.
  ///   - field: name of the outer message's field.
  ///   - index: position in the field, when it is repeated.
  /// - Returns: the error with `field` put before the path.
  package func inside(_ message: String, _ field: String, at index: Int? = nil) -> MessageError {
    let step = index.map { "\(field)[\($0)]" } ?? field
    func path(_ inner: String) -> String { inner.isEmpty ? step : "\(step).\(inner)" }
    switch self {
    case .tooLarge, .arenaExhausted, .outOfMemory:
      return self
    case .tooDeep(_, let inner, let depthMax):
      return .tooDeep(message: message, field: path(inner), depthMax: depthMax)
    case .truncated(_, let inner):
      return .truncated(message: message, field: path(inner))
    case .malformed(_, let inner, let reason):
      return .malformed(message: message, field: path(inner), reason: reason)
    case .invalidUTF8(_, let inner):
      return .invalidUTF8(message: message, field: path(inner))
    case .embeddedNUL(_, let inner):
      return .embeddedNUL(message: message, field: path(inner))
    }
  }
}
