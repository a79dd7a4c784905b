internal import CProtobufC

/// A walk over the bytes of a message before protobuf-c sees them.
///
/// protobuf-c cuts a string at an embedded NUL without a word, recurses as deep as a peer likes and
/// says nothing about where a message is broken. The walk refuses all of that and names the field.
struct WireScanner {
  let bytes: UnsafeRawBufferPointer
  let depthMax: Int
  /// Bytes of the largest payload that `SlimMessage` could leave out.
  private(set) var slimmablePayloadMax = 0

  /// A scanner that has seen nothing yet.
  init(bytes: UnsafeRawBufferPointer, depthMax: Int) {
    self.bytes = bytes
    self.depthMax = depthMax
  }

  /// Checks one message.
  ///
  /// - Parameters:
  ///   - range: the message's place in `bytes`.
  ///   - descriptor: what the message is.
  ///   - depth: 1 for the outermost message.
  /// - Throws: `truncated`, `malformed`, `embeddedNUL` or `tooDeep`.
  mutating func scan(
    _ range: Range<Int>,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    depth: Int
  ) throws(MessageError) {
    var cursor = range.lowerBound
    var hint = 0
    var seen = SeenFields()
    while cursor < range.upperBound {
      let (key, next) = try varint(at: cursor, in: range, descriptor, field: nil)
      cursor = next
      let number = key >> 3
      guard number >= 1, number < 1 << 29 else {
        throw Self.malformed(descriptor, nil, "field number \(number) is not allowed")
      }
      let field = Self.find(Int(number), in: descriptor.pointee, from: &hint)
      switch key & 7 {
      case 0:
        try Self.expect(.varint, of: field, in: descriptor)
        cursor = try varint(at: cursor, in: range, descriptor, field: field).next
      case 1:
        try Self.expect(.fixed64, of: field, in: descriptor)
        cursor = try skip(8, from: cursor, in: range, descriptor, field)
      case 5:
        try Self.expect(.fixed32, of: field, in: descriptor)
        cursor = try skip(4, from: cursor, in: range, descriptor, field)
      case 2:
        let (length, start) = try varint(at: cursor, in: range, descriptor, field: field)
        guard length <= UInt64(range.upperBound - start) else {
          throw .truncated(message: Self.name(descriptor), field: Self.name(field))
        }
        cursor = start + Int(length)
        if let field {
          if field.pointee.type == PROTOBUF_C_TYPE_MESSAGE,
            field.pointee.label != PROTOBUF_C_LABEL_REPEATED, !seen.insert(hint)
          {
            // protobuf-c would merge the two and lose numbers of the first (1.4.1, tried).
            throw Self.malformed(descriptor, field, "a single message came more than once")
          }
          try scanPayload(start..<cursor, of: field, in: descriptor, depth: depth)
        }
      default:
        throw Self.malformed(descriptor, field, "wire type \(key & 7) is not supported")
      }
    }
  }

  private mutating func scanPayload(
    _ range: Range<Int>,
    of field: UnsafePointer<ProtobufCFieldDescriptor>,
    in descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    depth: Int
  ) throws(MessageError) {
    switch field.pointee.type {
    case PROTOBUF_C_TYPE_STRING:
      guard let base = bytes.baseAddress, !range.isEmpty else { return }
      let start = (base + range.lowerBound).assumingMemoryBound(to: UInt8.self)
      if holdsNUL(start, range.count) {
        throw .embeddedNUL(message: Self.name(descriptor), field: Self.name(field))
      }
    case PROTOBUF_C_TYPE_BYTES:
      slimmablePayloadMax = max(slimmablePayloadMax, range.count)
    case PROTOBUF_C_TYPE_MESSAGE:
      guard depth < depthMax else {
        throw .tooDeep(
          message: Self.name(descriptor),
          field: Self.name(field),
          depthMax: depthMax
        )
      }
      guard let inner = field.pointee.descriptor else { return }
      do throws(MessageError) {
        try scan(
          range,
          inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self),
          depth: depth + 1
        )
      } catch {
        throw error.inside(Self.name(descriptor), Self.name(field))
      }
    default:
      try scanPacked(range, of: field, in: descriptor)
    }
  }

  private mutating func scanPacked(
    _ range: Range<Int>,
    of field: UnsafePointer<ProtobufCFieldDescriptor>,
    in descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(MessageError) {
    guard field.pointee.label == PROTOBUF_C_LABEL_REPEATED else {
      throw Self.malformed(descriptor, field, "a single number came as a list of bytes")
    }
    let isWhole: Bool
    if let width = Self.width(of: field.pointee) {
      isWhole = range.count % width == 0
      slimmablePayloadMax = max(slimmablePayloadMax, range.count)
    } else {
      isWhole = range.isEmpty || bytes[range.upperBound - 1] < 0x80
    }
    guard isWhole else {
      throw .truncated(message: Self.name(descriptor), field: Self.name(field))
    }
  }

  private func skip(
    _ count: Int,
    from cursor: Int,
    in range: Range<Int>,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>?
  ) throws(MessageError) -> Int {
    guard count <= range.upperBound - cursor else {
      throw .truncated(message: Self.name(descriptor), field: Self.name(field))
    }
    return cursor + count
  }

  func varint(
    at start: Int,
    in range: Range<Int>,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    field: UnsafePointer<ProtobufCFieldDescriptor>?
  ) throws(MessageError) -> (value: UInt64, next: Int) {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var cursor = start
    while cursor < range.upperBound {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return (value, cursor) }
      shift += 7
      guard shift < 70 else {
        throw Self.malformed(descriptor, field, "a number is longer than ten bytes")
      }
    }
    throw .truncated(message: Self.name(descriptor), field: Self.name(field))
  }
}

/// Which fields of a message have come, by their position in its descriptor.
private struct SeenFields {
  private var first: UInt64 = 0
  private var others: Set<Int> = []

  /// Notes a field and says whether it is new.
  mutating func insert(_ index: Int) -> Bool {
    guard index < 64 else { return others.insert(index).inserted }
    let bit: UInt64 = 1 << UInt64(index)
    defer { first |= bit }
    return first & bit == 0
  }
}

extension WireScanner {
  /// How a number lies on the wire.
  private enum WireKind {
    case varint
    case fixed32
    case fixed64
    case lengthPrefixed

    init(_ type: ProtobufCType) {
      switch type {
      case PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_FLOAT:
        self = .fixed32
      case PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
        self = .fixed64
      case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE:
        self = .lengthPrefixed
      default:
        self = .varint
      }
    }
  }

  /// Bytes of one element of a field whose numbers all have the same length.
  static func width(of field: ProtobufCFieldDescriptor) -> Int? {
    switch WireKind(field.type) {
    case .fixed32: 4
    case .fixed64: 8
    default: nil
    }
  }

  private static func expect(
    _ kind: WireKind,
    of field: UnsafePointer<ProtobufCFieldDescriptor>?,
    in descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(MessageError) {
    guard let field else { return }
    guard WireKind(field.pointee.type) == kind else {
      throw malformed(descriptor, field, "the wire type is not that of the field")
    }
  }

  /// Finds a field; fields mostly come in the order of their numbers, so the search starts at the last one.
  static func find(
    _ number: Int,
    in descriptor: ProtobufCMessageDescriptor,
    from hint: inout Int
  ) -> UnsafePointer<ProtobufCFieldDescriptor>? {
    let count = Int(descriptor.n_fields)
    guard let fields = descriptor.fields else { return nil }
    if hint >= count || Int(fields[hint].id) > number { hint = 0 }
    var index = hint
    while index < count {
      let id = Int(fields[index].id)
      if id == number {
        hint = index
        return fields + index
      }
      if id > number { return nil }
      index += 1
    }
    return nil
  }

  private static func name(_ descriptor: UnsafePointer<ProtobufCMessageDescriptor>) -> String {
    descriptor.pointee.name.map { String(cString: $0) } ?? ""
  }

  private static func name(_ field: UnsafePointer<ProtobufCFieldDescriptor>?) -> String {
    (field?.pointee.name).map { String(cString: $0) } ?? ""
  }

  private static func malformed(
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>?,
    _ reason: String
  ) -> MessageError {
    .malformed(message: name(descriptor), field: name(field), reason: reason)
  }
}
