internal import Descriptors

/// Refuses what the generator does not support, by file and field.
struct FileValidator {
  let file: FileDescriptor
  let types: TypeIndex

  func validate() throws(GenerationError) {
    guard file.syntax == "proto3" else {
      throw error("", "only proto3 is supported; say syntax = \"proto3\"")
    }
    guard !file.hasExtensions else { throw error("", "extensions are not supported") }
    for message in file.messages { try validate(message) }
    for value in file.enums { try validate(value) }
  }

  private func validate(_ message: MessageDescriptor) throws(GenerationError) {
    guard !message.nestedMessages.contains(where: \.isMapEntry) else {
      throw error(message.name, "map fields are not supported; use a repeated message")
    }
    guard message.nestedMessages.isEmpty, message.nestedEnums.isEmpty else {
      throw error(message.name, "nested types are not supported; declare them in the file")
    }
    guard !message.hasExtensions else {
      throw error(message.name, "extensions are not supported")
    }
    let fullName = (file.package.isEmpty ? "." : ".\(file.package).") + message.name
    guard !types.containsItself(fullName) else {
      throw error(message.name, "a message may contain itself only through a repeated field")
    }
    var names: [String: String] = [:]
    for field in message.fields {
      try validate(field, of: message)
      let name = field.oneofIndex.map { SwiftNames.property(message.oneofs[$0]) + "." } ?? ""
      let key = name + SwiftNames.field(field.name, isText: FieldPlan.isText(field))
      if let other = names.updateValue(field.name, forKey: key) {
        throw error("\(message.name).\(field.name)", "has the same name in Swift as \(other)")
      }
      guard !Self.reserved.contains(key) else {
        throw error("\(message.name).\(field.name)", "the name is taken by generated code")
      }
    }
    for oneof in message.oneofs {
      let key = SwiftNames.property(oneof)
      if let other = names.updateValue(oneof, forKey: key) {
        throw error("\(message.name).\(oneof)", "has the same name in Swift as \(other)")
      }
    }
  }

  private func validate(
    _ field: FieldDescriptor,
    of message: MessageDescriptor
  ) throws(GenerationError) {
    let element = "\(message.name).\(field.name)"
    guard !field.isProto3Optional else {
      throw error(element, "optional is not supported by protobuf-c; use a oneof or a message")
    }
    guard field.kind != .group, !field.isRequired else {
      throw error(element, "groups and required fields are not supported")
    }
    guard field.oneofIndex.map({ $0 >= 0 && $0 < message.oneofs.count }) ?? true else {
      throw error(element, "its oneof is missing")
    }
    if field.isRepeated, field.packedOption == false {
      throw error(element, "packed = false is not supported")
    }
    if field.kind == .string, field.name.hasSuffix(SwiftNames.textSuffix) {
      throw error(element, "the suffix _utf8 marks text and needs the type bytes")
    }
    if field.kind == .message, types.messages[field.typeName] == nil {
      throw error(element, "the message \(field.typeName) is unknown or nested")
    }
    if field.kind == .enumeration, types.enums[field.typeName] == nil {
      throw error(element, "the enum \(field.typeName) is unknown or nested")
    }
  }

  private func validate(_ value: EnumDescriptor) throws(GenerationError) {
    guard Set(value.values.map(\.number)).count == value.values.count else {
      throw error(value.name, "two names for one number are not supported")
    }
    let prefix = SwiftNames.enumPrefix(value.name, values: value.values.map(\.name))
    var names: Set<String> = ["unrecognized"]
    for item in value.values {
      guard names.insert(SwiftNames.enumCase(item.name, prefix: prefix)).inserted else {
        throw error("\(value.name).\(item.name)", "the name is taken in Swift")
      }
    }
  }

  private func error(_ element: String, _ reason: String) -> GenerationError {
    GenerationError(file: file.name, element: element, reason: reason)
  }

  private static let reserved: Set<String> = [
    "protobufName", "withEncoded", "encoded", "protobufKind",
  ]
}
