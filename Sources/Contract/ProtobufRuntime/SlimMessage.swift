internal import CProtobufC

/// A message without its large payloads, which protobuf-c would copy once more than needed.
///
/// In the slim copy each payload of a bytes field, and of a list of numbers of fixed width, is replaced
/// by a number: which of the payloads it is. protobuf-c unpacks the copy, and `lendPayloads` puts the
/// addresses of the payloads in the message itself where the numbers came out. (Measured: of 64 MiB of
/// scores a quarter of the time to decode.)
struct SlimMessage {
  /// Payloads smaller than this are not worth a second look at the message, in bytes.
  static let payloadByteCountMin = 262_144
  /// Messages of more payloads than this are unpacked as they are.
  private static let payloadCountMax = 4_096

  /// The message without its payloads.
  private(set) var bytes: [UInt8] = []
  private var payloads: [UnsafeRawBufferPointer] = []
  private let descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  private let scanner: WireScanner

  /// Copies what is not payload; nil when there are too many payloads.
  ///
  /// - Parameters:
  ///   - scanner: has found the message sound.
  ///   - descriptor: what the message is.
  /// - Throws: what a scanner finds in a message that is not sound.
  init?(
    of scanner: WireScanner,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(MessageError) {
    #if _endian(little)
      self.descriptor = descriptor
      self.scanner = scanner
      guard let slim = try slimmed(0..<scanner.bytes.count, descriptor) else { return nil }
      bytes = slim
    #else
      // Numbers on the wire are not as the processor has them.
      return nil
    #endif
  }

  // MARK: Leaving payloads out

  private mutating func slimmed(
    _ range: Range<Int>,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>
  ) throws(MessageError) -> [UInt8]? {
    var slim: [UInt8] = []
    var cursor = range.lowerBound
    var hint = 0
    while cursor < range.upperBound {
      let start = cursor
      let (key, next) = try scanner.varint(at: cursor, in: range, descriptor, field: nil)
      guard let number = Int(exactly: key >> 3) else { return nil }
      let field = WireScanner.find(number, in: descriptor.pointee, from: &hint)
      let content: Range<Int>
      switch key & 7 {
      case 0:
        content = next..<(try scanner.varint(at: next, in: range, descriptor, field: field).next)
      case 1: content = next..<(next + 8)
      case 5: content = next..<(next + 4)
      default:
        let (length, first) = try scanner.varint(at: next, in: range, descriptor, field: field)
        content = first..<(first + Int(length))
      }
      cursor = content.upperBound
      guard let field else { continue }
      if field.pointee.type == PROTOBUF_C_TYPE_MESSAGE {
        guard let inner = field.pointee.descriptor,
          let part = try slimmed(
            content,
            inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
          )
        else { return nil }
        slim.append(contentsOf: scanner.bytes[start..<next])
        slim.append(varint: part.count)
        slim += part
      } else if let width = SlimMessage.numberWidth(of: field.pointee) {
        guard payloads.count < SlimMessage.payloadCountMax else { return nil }
        slim.append(contentsOf: scanner.bytes[start..<next])
        if key & 7 == 2 { slim.append(varint: width) }
        slim.append(number: payloads.count, width: width)
        payloads.append(UnsafeRawBufferPointer(rebasing: scanner.bytes[content]))
      } else {
        slim.append(contentsOf: scanner.bytes[start..<cursor])
      }
    }
    return slim
  }

  /// Bytes of the number that stands for a payload of this field; nil when its payloads are copied.
  private static func numberWidth(of field: ProtobufCFieldDescriptor) -> Int? {
    if field.type == PROTOBUF_C_TYPE_BYTES { return 8 }
    return field.label == PROTOBUF_C_LABEL_REPEATED ? WireScanner.width(of: field) : nil
  }

  // MARK: Lending them

  /// Has an unpacked slim message refer to the payloads.
  ///
  /// - Throws: `outOfMemory` when there is none for lists that came in several parts.
  func lendPayloads(
    to message: UnsafeMutableRawPointer,
    _ arena: borrowing MessageArena
  ) throws(MessageError) {
    try lendPayloads(to: message, descriptor, arena)
  }

  private func lendPayloads(
    to message: UnsafeMutableRawPointer,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ arena: borrowing MessageArena
  ) throws(MessageError) {
    let fields = UnsafeBufferPointer(
      start: descriptor.pointee.fields,
      count: Int(descriptor.pointee.n_fields)
    )
    for field in fields {
      let place = message + Int(field.offset)
      let quantifier = message + Int(field.quantifier_offset)
      if field.label == PROTOBUF_C_LABEL_REPEATED {
        try lendPayloads(toList: place, quantifier.assumingMemoryBound(to: Int.self), field, arena)
      } else if field.flags & SlimMessage.oneofFlag == 0
        || quantifier.load(as: UInt32.self) == field.id
      {
        try lendPayload(toElement: place, field, arena)
      }
    }
  }

  private func lendPayloads(
    toList place: UnsafeMutableRawPointer,
    _ count: UnsafeMutablePointer<Int>,
    _ field: ProtobufCFieldDescriptor,
    _ arena: borrowing MessageArena
  ) throws(MessageError) {
    guard count.pointee > 0, let list = place.load(as: UnsafeMutableRawPointer?.self) else {
      return
    }
    if let width = WireScanner.width(of: field) {
      let parts = (0..<count.pointee).map { index in
        payload(list + index * width, width: width)
      }
      let whole = try joined(parts, arena)
      place.storeBytes(of: whole.baseAddress, as: UnsafeRawPointer?.self)
      count.pointee = whole.count / width
      return
    }
    let stride =
      switch field.type {
      case PROTOBUF_C_TYPE_BYTES: MemoryLayout<ProtobufCBinaryData>.stride
      case PROTOBUF_C_TYPE_MESSAGE: MemoryLayout<UnsafeMutableRawPointer>.stride
      default: 0
      }
    guard stride > 0 else { return }
    for index in 0..<count.pointee {
      try lendPayload(toElement: list + index * stride, field, arena)
    }
  }

  private func lendPayload(
    toElement place: UnsafeMutableRawPointer,
    _ field: ProtobufCFieldDescriptor,
    _ arena: borrowing MessageArena
  ) throws(MessageError) {
    switch field.type {
    case PROTOBUF_C_TYPE_BYTES:
      let data = place.assumingMemoryBound(to: ProtobufCBinaryData.self)
      guard let number = data.pointee.data, data.pointee.len == 8 else { return }
      let payload = payload(UnsafeRawPointer(number), width: 8)
      data.pointee.len = payload.count
      // Only read: what was unpacked is copied to Swift values, and the arena frees nothing by itself.
      data.pointee.data = UnsafeMutableRawPointer(mutating: payload.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let inner = field.descriptor,
        let message = place.load(as: UnsafeMutableRawPointer?.self)
      else { return }
      try lendPayloads(
        to: message,
        inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self),
        arena
      )
    default: return
    }
  }

  private func payload(_ number: UnsafeRawPointer, width: Int) -> UnsafeRawBufferPointer {
    let index =
      width == 4
      ? Int(number.loadUnaligned(as: UInt32.self))
      : Int(truncatingIfNeeded: number.loadUnaligned(as: UInt64.self))
    return payloads.indices.contains(index)
      ? payloads[index] : UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// The one payload, or all one behind the other.
  private func joined(
    _ parts: [UnsafeRawBufferPointer],
    _ arena: borrowing MessageArena
  ) throws(MessageError) -> UnsafeRawBufferPointer {
    if let only = parts.first, parts.count == 1 { return only }
    let byteCount = parts.reduce(0) { $0 + $1.count }
    let target = UnsafeMutableRawBufferPointer(
      start: try arena.allocate(byteCount),
      count: byteCount
    )
    var filled = 0
    for part in parts {
      UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: part)
      filled += part.count
    }
    return UnsafeRawBufferPointer(target)
  }

  private static let oneofFlag = UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue)
}

extension [UInt8] {
  /// Appends a length as a varint.
  fileprivate mutating func append(varint value: Int) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a number in so many bytes, the lowest first.
  fileprivate mutating func append(number: Int, width: Int) {
    for byte in 0..<width { append(UInt8(truncatingIfNeeded: number >> (8 * byte))) }
  }
}
