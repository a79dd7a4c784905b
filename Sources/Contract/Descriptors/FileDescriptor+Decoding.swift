internal import CDescriptors
internal import CProtobufC
package import ProtobufRuntime

extension FileDescriptor {
  /// Decodes a `google.protobuf.FileDescriptorSet`.
  ///
  /// - Throws: `DescriptorError`.
  package static func decodeSet(
    _ bytes: [UInt8],
    limits: DecodingLimits = .descriptors
  ) throws(DescriptorError) -> [FileDescriptor] {
    var c = Morlaif__Compiler__FileDescriptorSet()
    morlaif__compiler__file_descriptor_set__init(&c)
    let unpacked = try unpack(bytes, as: MessageKind(of: c.base), limits)
    defer { withExtendedLifetime(unpacked) {} }
    let root = unpacked.root.assumingMemoryBound(to: Morlaif__Compiler__FileDescriptorSet.self)
    var files: [FileDescriptor] = []
    for index in 0..<root.pointee.n_file {
      files.append(try FileDescriptor(encoded: readBytes(root.pointee.file[index]), limits: limits))
    }
    return files
  }

  /// Decodes a `google.protobuf.FileDescriptorProto`.
  ///
  /// - Throws: `DescriptorError`.
  package init(
    encoded bytes: [UInt8],
    limits: DecodingLimits = .descriptors
  ) throws(DescriptorError) {
    var c = Morlaif__Compiler__FileDescriptor()
    morlaif__compiler__file_descriptor__init(&c)
    let unpacked = try unpack(bytes, as: MessageKind(of: c.base), limits)
    defer { withExtendedLifetime(unpacked) {} }
    let file = unpacked.root.assumingMemoryBound(to: Morlaif__Compiler__FileDescriptor.self).pointee
    let name = text(file.name)
    var messages: [MessageDescriptor] = []
    for index in 0..<file.n_message_type {
      messages.append(try MessageDescriptor(file.message_type[index], file: name))
    }
    var enums: [EnumDescriptor] = []
    for index in 0..<file.n_enum_type {
      enums.append(EnumDescriptor(file.enum_type[index]))
    }
    var services: [ServiceDescriptor] = []
    for index in 0..<file.n_service {
      services.append(ServiceDescriptor(file.service[index]))
    }
    self.init(
      name: name,
      package: text(file.package),
      dependencies: (0..<file.n_dependency).map { text(file.dependency[$0]) },
      messages: messages,
      enums: enums,
      services: services,
      hasExtensions: file.n_extension > 0,
      syntax: text(file.syntax),
      comments: collectComments(file.source_code_info),
      encoded: withoutSourceLocations(bytes)
    )
  }
}

extension DecodingLimits {
  /// For descriptors, which another service may have sent: 4 MiB, nested 16 deep.
  package static let descriptors = DecodingLimits(byteCountMax: 4 << 20, depthMax: 16)
}

private func unpack(
  _ bytes: [UInt8],
  as kind: MessageKind?,
  _ limits: DecodingLimits
) throws(DescriptorError) -> UnpackedMessage {
  // The pointer is used only during the call: the unpacked message is a copy.
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { buffer.deallocate() }
  buffer.copyBytes(from: bytes)
  do throws(MessageError) {
    return try UnpackedMessage(UnsafeRawBufferPointer(buffer), as: kind, "descriptor", limits)
  } catch {
    throw .undecodable(error.description)
  }
}

private func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
  pointer.map { String(cString: $0) } ?? ""
}

extension MessageDescriptor {
  fileprivate init(
    _ pointer: UnsafeMutablePointer<Morlaif__Compiler__MessageDescriptor>?,
    file: String
  ) throws(DescriptorError) {
    guard let c = pointer?.pointee else {
      throw .invalid(file: file, name: "", reason: "a message is missing")
    }
    name = text(c.name)
    fields = []
    for index in 0..<c.n_field {
      fields.append(try FieldDescriptor(c.field[index], file: file, message: name))
    }
    oneofs = (0..<c.n_oneof_decl).map { text(c.oneof_decl[$0]?.pointee.name) }
    nestedMessages = []
    for index in 0..<c.n_nested_type {
      nestedMessages.append(try MessageDescriptor(c.nested_type[index], file: file))
    }
    nestedEnums = (0..<c.n_enum_type).map { EnumDescriptor(c.enum_type[$0]) }
    hasExtensions = c.n_extension > 0
    isMapEntry = c.options.map { $0.pointee.map_entry != 0 } ?? false
  }
}

extension FieldDescriptor {
  fileprivate init(
    _ pointer: UnsafeMutablePointer<Morlaif__Compiler__FieldDescriptor>?,
    file: String,
    message: String
  ) throws(DescriptorError) {
    guard let c = pointer?.pointee else {
      throw .invalid(file: file, name: message, reason: "a field is missing")
    }
    name = text(c.name)
    guard let kind = FieldKind(rawValue: c.type) else {
      throw .invalid(
        file: file,
        name: "\(message).\(name)",
        reason: "field type \(c.type) is unknown"
      )
    }
    guard c.number >= 1, c.number < 1 << 29 else {
      throw .invalid(
        file: file,
        name: "\(message).\(name)",
        reason: "number \(c.number) is not allowed"
      )
    }
    self.kind = kind
    jsonName = text(c.json_name)
    number = c.number
    isRepeated = c.label == 3
    isRequired = c.label == 2
    packedOption = c.options.flatMap {
      $0.pointee.has_packed != 0 ? $0.pointee.packed != 0 : nil
    }
    typeName = text(c.type_name)
    oneofIndex = c.has_oneof_index != 0 ? Int(c.oneof_index) : nil
    isProto3Optional = c.proto3_optional != 0
  }
}

extension EnumDescriptor {
  fileprivate init(_ pointer: UnsafeMutablePointer<Morlaif__Compiler__EnumDescriptor>?) {
    name = text(pointer?.pointee.name)
    values = []
    guard let c = pointer?.pointee else { return }
    for index in 0..<c.n_value {
      guard let value = c.value[index]?.pointee else { continue }
      values.append((name: text(value.name), number: value.number))
    }
  }
}

extension ServiceDescriptor {
  fileprivate init(_ pointer: UnsafeMutablePointer<Morlaif__Compiler__ServiceDescriptor>?) {
    name = text(pointer?.pointee.name)
    methods = []
    guard let c = pointer?.pointee else { return }
    for index in 0..<c.n_method {
      guard let method = c.method[index]?.pointee else { continue }
      methods.append(
        MethodDescriptor(
          name: text(method.name),
          inputType: text(method.input_type),
          outputType: text(method.output_type),
          isClientStreaming: method.client_streaming != 0,
          isServerStreaming: method.server_streaming != 0,
          isIdempotent: method.options.map { $0.pointee.idempotency_level != 0 } ?? false,
          // NO_SIDE_EFFECTS
          isReadOnly: method.options.map { $0.pointee.idempotency_level == 1 } ?? false
        )
      )
    }
  }
}

private func collectComments(
  _ pointer: UnsafeMutablePointer<Morlaif__Compiler__SourceCodeInfo>?
) -> [[Int32]: String] {
  guard let info = pointer?.pointee else { return [:] }
  var comments: [[Int32]: String] = [:]
  for index in 0..<info.n_location {
    guard let location = info.location[index]?.pointee else { continue }
    let comment = text(location.leading_comments) + text(location.trailing_comments)
    guard !comment.isEmpty else { continue }
    comments[[Int32](UnsafeBufferPointer(start: location.path, count: location.n_path))] = comment
  }
  return comments
}

/// Drops the source locations (field 9) from an encoded file, which reflection has no use for.
///
/// The bytes have been decoded before, so their structure is sound; what cannot be walked is kept.
private func withoutSourceLocations(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = []
  var cursor = 0
  func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while cursor < bytes.count, shift < 70 {
      let byte = bytes[cursor]
      cursor += 1
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { break }
      shift += 7
    }
    return value
  }
  while cursor < bytes.count {
    let start = cursor
    let key = varint()
    switch key & 7 {
    case 0: _ = varint()
    case 1: cursor += 8
    case 5: cursor += 4
    case 2:
      let length = varint()
      guard length <= UInt64(bytes.count - cursor) else { return bytes }
      cursor += Int(length)
    default: return bytes
    }
    guard cursor <= bytes.count else { return bytes }
    if key >> 3 != 9 { result += bytes[start..<cursor] }
  }
  return result
}
