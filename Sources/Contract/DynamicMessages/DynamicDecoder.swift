internal import Descriptors
internal import JSON
internal import ProtobufRuntime

/// Writes the bytes of a message as JSON.
struct DynamicDecoder {
  /// Most bytes of JSON; descriptors from outside could otherwise make a small message endless.
  static let textByteCountMax = 256 << 20

  let schema: DynamicSchema
  let limits: DecodingLimits
  let includesDefaults: Bool

  /// Writes one message.
  ///
  /// - Parameters:
  ///   - bytes: the encoded message.
  ///   - type: what it is.
  ///   - writer: where the object is written.
  ///   - depth: 1 for the outermost message.
  /// - Throws: `DynamicMessageError` that names the field.
  func write(
    _ bytes: ArraySlice<UInt8>,
    as type: DynamicType,
    into writer: inout JSONWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    guard depth <= limits.depthMax else {
      throw .field(path: "", reason: "messages lie more than \(limits.depthMax) deep in each other")
    }
    let values = try WireReader.values(of: type, in: bytes)
    writer.beginObject()
    // Only what is shown is looked at: a type of many fields must not make empty messages costly.
    var shown = Set(values.keys)
    if includesDefaults { shown.formUnion(type.withDefaults) }
    for index in shown.sorted() {
      let field = type.fields[index]
      guard writer.text.utf8.count <= Self.textByteCountMax else {
        throw .limit(reason: "the JSON has more than \(Self.textByteCountMax) bytes")
      }
      let found = values[index] ?? []
      if field.descriptor.isRepeated {
        try write(found, listOf: field, into: &writer, depth: depth)
      } else {
        do throws(DynamicMessageError) {
          try write(found, of: field, into: &writer, depth: depth)
        } catch { throw error.inside(field.jsonName) }
      }
    }
    writer.endObject()
  }

  private func write(
    _ values: [WireReader.Value],
    of field: DynamicField,
    into writer: inout JSONWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    guard let last = values.last else {
      writer.name(field.jsonName)
      try writeDefault(of: field, into: &writer)
      return
    }
    if field.descriptor.kind == .message {
      writer.name(field.jsonName)
      try writeMessage(values, of: field, into: &writer, depth: depth)
      return
    }
    guard field.tracksPresence || includesDefaults || !Self.isDefault(last) else { return }
    writer.name(field.jsonName)
    try write(last, of: field, into: &writer, depth: depth)
  }

  private func write(
    _ values: [WireReader.Value],
    listOf field: DynamicField,
    into writer: inout JSONWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    writer.name(field.jsonName)
    writer.beginArray(isInline: field.descriptor.kind.isPackable)
    var count = 0
    for value in values {
      do throws(DynamicMessageError) {
        if case .content(let packed) = value, field.descriptor.kind.isPackable {
          var reader = WireReader(packed)
          while !reader.isAtEnd {
            let element = try reader.value(field.descriptor.kind.wireKind)
            try write(element, of: field, into: &writer, depth: depth)
            count += 1
          }
        } else {
          try write(value, of: field, into: &writer, depth: depth)
          count += 1
        }
      } catch { throw error.inside(field.jsonName, at: count) }
    }
    writer.endArray()
  }

  /// Writes one value of any kind.
  private func write(
    _ value: WireReader.Value,
    of field: DynamicField,
    into writer: inout JSONWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    switch value {
    case .bits(let bits): write(bits, of: field, into: &writer)
    case .content(let content):
      switch field.descriptor.kind {
      case .message: try writeMessage([value], of: field, into: &writer, depth: depth)
      case .bytes where !field.isText: writer.string(Base64.encode(Array(content)))
      default:
        guard let text = String(validating: content, as: UTF8.self) else {
          throw .field(path: "", reason: "the text is not valid UTF-8")
        }
        writer.string(text)
      }
    }
  }

  /// Writes one message; one that came in several pieces is their concatenation.
  private func writeMessage(
    _ values: [WireReader.Value],
    of field: DynamicField,
    into writer: inout JSONWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    var pieces: [ArraySlice<UInt8>] = []
    for case .content(let content) in values { pieces.append(content) }
    let whole = pieces.count == 1 ? pieces[0] : ArraySlice(pieces.joined())
    try write(whole, as: try schema.type(of: field), into: &writer, depth: depth + 1)
  }

  private static func isDefault(_ value: WireReader.Value) -> Bool {
    switch value {
    case .bits(let bits): bits == 0
    case .content(let content): content.isEmpty
    }
  }
}

// Numbers, booleans and enums.
extension DynamicDecoder {
  private func write(_ bits: UInt64, of field: DynamicField, into writer: inout JSONWriter) {
    let low = UInt32(truncatingIfNeeded: bits)
    switch field.descriptor.kind {
    case .bool:
      writer.literal(bits != 0 ? "true" : "false")
    case .enumeration:
      let number = Int32(bitPattern: low)
      if let name = schema.values(of: field).names[number] {
        writer.string(name)
      } else {
        writer.literal(String(number))
      }
    case .double:
      NumberText.write(Double(bitPattern: bits), into: &writer)
    case .float:
      NumberText.write(Float(bitPattern: low), into: &writer)
    case .int32, .sfixed32:
      writer.literal(String(Int32(bitPattern: low)))
    case .uint32, .fixed32:
      writer.literal(String(low))
    case .sint32:
      writer.literal(String(Int32(bitPattern: low >> 1) ^ -Int32(bitPattern: low & 1)))
    case .int64, .sfixed64:
      writer.string(String(Int64(bitPattern: bits)))
    case .sint64:
      writer.string(String(Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)))
    case .uint64, .fixed64:
      writer.string(String(bits))
    case .string, .bytes, .message, .group:
      break
    }
  }

  private func writeDefault(
    of field: DynamicField,
    into writer: inout JSONWriter
  ) throws(DynamicMessageError) {
    switch field.descriptor.kind.wireKind {
    case .lengthPrefixed: writer.string("")
    case .varint, .fixed32, .fixed64: write(0, of: field, into: &writer)
    }
  }
}
