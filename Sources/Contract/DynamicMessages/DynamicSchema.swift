internal import Descriptors

/// Messages and services known only through descriptors, such as those that reflection sends.
package struct DynamicSchema: Sendable {
  /// A method found by name.
  package struct Method: Sendable {
    /// Full name of the service, `morlaif.v1.Scalarizer`.
    package let service: String
    /// Name without its service.
    package let name: String
    /// Full name of the request.
    package let input: String
    /// Full name of the reply.
    package let output: String
    /// Whether the caller sends many messages.
    package let isClientStreaming: Bool
    /// Whether the callee sends many messages.
    package let isServerStreaming: Bool
    /// Whether calling twice does what calling once does.
    package let isIdempotent: Bool
  }

  /// Full names of the messages with their fields.
  private(set) var types: [String: DynamicType] = [:]
  private(set) var enums: [String: DynamicEnum] = [:]
  /// Every method of every service, in the order of the descriptors.
  package private(set) var methods: [Method] = []

  /// Reads a `google.protobuf.FileDescriptorSet`.
  ///
  /// - Throws: `DynamicMessageError.descriptors`.
  package init(descriptorSet bytes: [UInt8]) throws(DynamicMessageError) {
    do throws(DescriptorError) {
      let files = try FileDescriptor.decodeSet(bytes)
      try self.init(files: files)
    } catch {
      throw .descriptors(reason: error.description)
    }
  }

  /// Makes a schema of files; one that comes twice under the same path counts once.
  private init(files: [FileDescriptor]) throws(DescriptorError) {
    var seen: Set<String> = []
    for file in files where seen.insert(file.name).inserted {
      do throws(DynamicMessageError) {
        try add(file)
      } catch {
        throw .invalid(file: file.name, name: "", reason: error.description)
      }
    }
  }

  /// Finds a method by `service/method`; the package may be left out when the name is unambiguous.
  ///
  /// - Throws: `DynamicMessageError.unknownName` with the methods that exist.
  package func method(_ path: String) throws(DynamicMessageError) -> Method {
    let matches = methods.filter { method in
      let full = "\(method.service)/\(method.name)"
      return full == path || full.hasSuffix(".\(path)")
    }
    guard let method = matches.first, matches.count == 1 else {
      throw .unknownName(
        kind: "method",
        name: path,
        known: methods.map { "\($0.service)/\($0.name)" }
      )
    }
    return method
  }

  /// Finds a message by its full name, with or without a leading dot.
  func type(_ name: String) throws(DynamicMessageError) -> DynamicType {
    let name = name.hasPrefix(".") ? String(name.dropFirst()) : name
    guard let type = types[name] else {
      throw .unknownName(kind: "message", name: name, known: types.keys.sorted())
    }
    return type
  }

  /// The type of a message field.
  func type(of field: DynamicField) throws(DynamicMessageError) -> DynamicType {
    guard field.descriptor.kind == .message,
      let type = types[String(field.descriptor.typeName.drop(while: { $0 == "." }))]
    else {
      throw .descriptors(
        reason:
          "\(field.descriptor.name) has the type \(field.descriptor.typeName), which is missing"
      )
    }
    return type
  }

  /// The names of an enum field's numbers; empty when the descriptors leave the enum out.
  func values(of field: DynamicField) -> DynamicEnum {
    enums[String(field.descriptor.typeName.drop(while: { $0 == "." }))] ?? DynamicEnum()
  }

  private mutating func add(_ file: FileDescriptor) throws(DynamicMessageError) {
    let prefix = file.package.isEmpty ? "" : "\(file.package)."
    for message in file.messages {
      try add(message, prefix: prefix, isProto3: file.syntax == "proto3")
    }
    for value in file.enums { try add(value, prefix: prefix) }
    for service in file.services {
      for method in service.methods {
        methods.append(
          Method(
            service: prefix + service.name,
            name: method.name,
            input: String(method.inputType.drop(while: { $0 == "." })),
            output: String(method.outputType.drop(while: { $0 == "." })),
            isClientStreaming: method.isClientStreaming,
            isServerStreaming: method.isServerStreaming,
            isIdempotent: method.isIdempotent
          )
        )
      }
    }
  }

  private mutating func add(
    _ message: MessageDescriptor,
    prefix: String,
    isProto3: Bool
  ) throws(DynamicMessageError) {
    // The recursion is bounded: descriptors nest at most as deep as they were decoded.
    let name = prefix + message.name
    let type = try DynamicType(message, name: name, isProto3: isProto3)
    guard types.updateValue(type, forKey: name) == nil else {
      throw .descriptors(reason: "the message \(name) is declared twice")
    }
    for inner in message.nestedMessages {
      try add(inner, prefix: "\(name).", isProto3: isProto3)
    }
    for value in message.nestedEnums { try add(value, prefix: "\(name).") }
  }

  private mutating func add(
    _ value: EnumDescriptor,
    prefix: String
  ) throws(DynamicMessageError) {
    guard enums.updateValue(DynamicEnum(value), forKey: prefix + value.name) == nil else {
      throw .descriptors(reason: "the enum \(prefix + value.name) is declared twice")
    }
  }
}

/// The names and numbers of an enum.
struct DynamicEnum: Sendable {
  private(set) var names: [Int32: String] = [:]
  private(set) var numbers: [String: Int32] = [:]

  init() {}

  init(_ descriptor: EnumDescriptor) {
    for value in descriptor.values {
      numbers[value.name] = value.number
      // Of several names for one number the first is shown.
      if names[value.number] == nil { names[value.number] = value.name }
    }
  }
}
