internal import Descriptors
internal import JSON
internal import ProtobufRuntime

/// Writes JSON as the bytes of a message.
struct DynamicEncoder {
  let schema: DynamicSchema
  let limits: DecodingLimits

  /// Encodes an object as a message.
  ///
  /// - Parameters:
  ///   - value: the object.
  ///   - type: what it is to become.
  ///   - depth: 1 for the outermost message.
  /// - Returns: the encoded message.
  /// - Throws: `DynamicMessageError` that names the field.
  func encode(
    _ value: JSONValue,
    as type: DynamicType,
    depth: Int
  ) throws(DynamicMessageError) -> [UInt8] {
    guard depth <= limits.depthMax else {
      throw .field(path: "", reason: "messages lie more than \(limits.depthMax) deep in each other")
    }
    guard case .object(let members) = value else {
      throw .field(path: "", reason: "\(type.name) needs an object, not \(value.kind)")
    }
    var values: [Int: JSONValue] = [:]
    var chosen: [Int: String] = [:]
    for member in members {
      guard let index = type.index(named: member.name) else {
        let known = type.fields.map(\.jsonName).joined(separator: ", ")
        throw .field(
          path: member.name,
          reason: "\(type.name) has no such field; known: \(known)"
        )
      }
      guard member.value != .null else { continue }
      guard values.updateValue(member.value, forKey: index) == nil else {
        throw .field(path: member.name, reason: "the field came under two of its names")
      }
      if let oneof = type.fields[index].descriptor.oneofIndex {
        if let other = chosen.updateValue(member.name, forKey: oneof) {
          throw .field(path: member.name, reason: "only one of it and \(other) may be there")
        }
      }
    }
    var writer = WireWriter()
    for (index, field) in type.fields.enumerated() {
      guard let value = values[index] else { continue }
      if field.descriptor.isRepeated {
        try write(value, listOf: field, into: &writer, depth: depth)
      } else {
        do throws(DynamicMessageError) {
          try write(
            value,
            of: field,
            into: &writer,
            depth: depth,
            keepsDefault: field.tracksPresence
          )
        } catch { throw error.inside(field.jsonName) }
      }
    }
    guard writer.bytes.count <= limits.byteCountMax else {
      throw .limit(reason: "\(type.name) has more than \(limits.byteCountMax) bytes")
    }
    return writer.bytes
  }

  private func write(
    _ value: JSONValue,
    listOf field: DynamicField,
    into writer: inout WireWriter,
    depth: Int
  ) throws(DynamicMessageError) {
    guard case .array(let items) = value else {
      throw .field(path: field.jsonName, reason: "an array is needed, not \(value.kind)")
    }
    guard !items.isEmpty else { return }
    var packed = WireWriter()
    for (index, item) in items.enumerated() {
      do throws(DynamicMessageError) {
        if field.isPacked {
          try writeScalar(item, of: field, into: &packed, number: nil, keepsDefault: true)
        } else {
          try write(item, of: field, into: &writer, depth: depth, keepsDefault: true)
        }
      } catch { throw error.inside(field.jsonName, at: index) }
    }
    if field.isPacked { writer.field(field.descriptor.number, packed.bytes) }
  }

  private func write(
    _ value: JSONValue,
    of field: DynamicField,
    into writer: inout WireWriter,
    depth: Int,
    keepsDefault: Bool
  ) throws(DynamicMessageError) {
    let number = field.descriptor.number
    switch field.descriptor.kind {
    case .message:
      let type = try schema.type(of: field)
      writer.field(number, try encode(value, as: type, depth: depth + 1))
    case .string:
      let text = try string(value)
      guard !text.utf8.contains(0) else {
        throw .field(path: "", reason: "an identifier may not contain NUL")
      }
      if keepsDefault || !text.isEmpty { writer.field(number, Array(text.utf8)) }
    case .bytes:
      let text = try string(value)
      guard let bytes = field.isText ? Array(text.utf8) : Base64.decode(text) else {
        throw .field(path: "", reason: "bytes have to be written in base64")
      }
      if keepsDefault || !bytes.isEmpty { writer.field(number, bytes) }
    case .group:
      throw .field(path: "", reason: "groups are not supported")
    default:
      try writeScalar(value, of: field, into: &writer, number: number, keepsDefault: keepsDefault)
    }
  }

  private func string(_ value: JSONValue) throws(DynamicMessageError) -> String {
    guard case .string(let text) = value else {
      throw .field(path: "", reason: "a string is needed, not \(value.kind)")
    }
    return text
  }
}

// Numbers, booleans and enums.
extension DynamicEncoder {
  /// Writes one number; without `number` it is an element of a packed list and has no key.
  private func writeScalar(
    _ value: JSONValue,
    of field: DynamicField,
    into writer: inout WireWriter,
    number: Int32?,
    keepsDefault: Bool
  ) throws(DynamicMessageError) {
    let bits = try bits(of: value, field)
    guard keepsDefault || bits != 0 else { return }
    let kind = field.descriptor.kind.wireKind
    if let number { writer.key(number, kind) }
    switch kind {
    case .varint: writer.varint(bits)
    case .fixed64: writer.little(bits, byteCount: 8)
    case .fixed32: writer.little(bits, byteCount: 4)
    case .lengthPrefixed: break
    }
  }

  private func bits(
    of value: JSONValue,
    _ field: DynamicField
  ) throws(DynamicMessageError) -> UInt64 {
    switch field.descriptor.kind {
    case .bool:
      guard case .bool(let flag) = value else {
        throw .field(path: "", reason: "true or false is needed, not \(value.kind)")
      }
      return flag ? 1 : 0
    case .enumeration:
      return UInt64(truncatingIfNeeded: try enumeration(value, field))
    case .double:
      return try real(value, Double.self).bitPattern
    case .float:
      return UInt64(try real(value, Float.self).bitPattern)
    case .int32:
      return UInt64(truncatingIfNeeded: try integer(value, Int32.self))
    case .sfixed32:
      return UInt64(UInt32(bitPattern: try integer(value, Int32.self)))
    case .int64, .sfixed64:
      return UInt64(bitPattern: try integer(value, Int64.self))
    case .sint32:
      let number = try integer(value, Int32.self)
      return UInt64(UInt32(bitPattern: (number << 1) ^ (number >> 31)))
    case .sint64:
      let number = try integer(value, Int64.self)
      return UInt64(bitPattern: (number << 1) ^ (number >> 63))
    case .uint32, .fixed32:
      return UInt64(try integer(value, UInt32.self))
    case .uint64, .fixed64:
      return try integer(value, UInt64.self)
    case .string, .bytes, .message, .group:
      throw .field(path: "", reason: "not a number")
    }
  }

  private func integer<Integer: FixedWidthInteger>(
    _ value: JSONValue,
    _ type: Integer.Type
  ) throws(DynamicMessageError) -> Integer {
    let text: String
    switch value {
    case .numeral(let literal): text = literal
    case .string(let literal): text = literal
    default: throw .field(path: "", reason: "a whole number is needed, not \(value.kind)")
    }
    guard let number = NumberText.integer(text, as: type) else {
      throw .field(
        path: "",
        reason: "\(text.prefix(40)) is not a whole number from \(Integer.min) to \(Integer.max)"
      )
    }
    return number
  }

  private func real<Real: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: JSONValue,
    _ type: Real.Type
  ) throws(DynamicMessageError) -> Real {
    let text: String
    switch value {
    case .numeral(let literal): text = literal
    case .string(let literal): text = literal
    default: throw .field(path: "", reason: "a number is needed, not \(value.kind)")
    }
    guard let number = NumberText.real(text, as: type) else {
      throw .field(path: "", reason: "\(text.prefix(40)) is not a number that fits \(Real.self)")
    }
    return number
  }

  private func enumeration(
    _ value: JSONValue,
    _ field: DynamicField
  ) throws(DynamicMessageError) -> Int32 {
    guard case .string(let name) = value else { return try integer(value, Int32.self) }
    let known = schema.values(of: field).numbers
    guard let number = known[name] ?? NumberText.integer(name, as: Int32.self) else {
      throw .field(
        path: "",
        reason: "'\(name)' is none of \(known.keys.sorted().joined(separator: ", "))"
      )
    }
    return number
  }
}
