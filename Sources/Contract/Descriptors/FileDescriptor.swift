/// A `.proto` file as protoc describes it: the part that the generator and reflection need.
package struct FileDescriptor: Sendable {
  /// Path as imported, such as `morlaif/v1/labeler.proto`.
  package var name: String
  /// Package, such as `morlaif.v1`; empty when the file has none.
  package var package: String
  /// Paths of the files it imports.
  package var dependencies: [String]
  /// Messages at the top of the file.
  package var messages: [MessageDescriptor]
  /// Enums at the top of the file.
  package var enums: [EnumDescriptor]
  /// Services of the file.
  package var services: [ServiceDescriptor]
  /// Whether the file declares extensions, which proto3 messages of ours never have.
  package var hasExtensions: Bool
  /// `proto3`; empty means proto2.
  package var syntax: String
  /// Comments by the path of what they describe (`SourceCodeInfo.Location.path`).
  package var comments: [[Int32]: String]
  /// The file's own encoding, without its source locations.
  package var encoded: [UInt8]
}

/// A message declared in a file.
package struct MessageDescriptor: Sendable {
  /// Name without its package.
  package var name: String
  /// Fields in the order of the file.
  package var fields: [FieldDescriptor]
  /// Names of the oneofs.
  package var oneofs: [String]
  /// Messages declared inside the message.
  package var nestedMessages: [MessageDescriptor]
  /// Enums declared inside the message.
  package var nestedEnums: [EnumDescriptor]
  /// Whether the message declares extensions.
  package var hasExtensions: Bool
  /// Whether this is the hidden pair of a `map` field.
  package var isMapEntry: Bool
}

/// A field of a message.
package struct FieldDescriptor: Sendable {
  /// Name as it stands in the file.
  package var name: String
  /// Name in JSON; empty when the descriptor leaves it out.
  package var jsonName: String
  /// Number on the wire, 1 to 2^29 - 1.
  package var number: Int32
  /// Type of one value.
  package var kind: FieldKind
  /// Whether the field is a list.
  package var isRepeated: Bool
  /// Whether proto2 requires the field.
  package var isRequired: Bool
  /// Whether a repeated number travels packed, as the option says; nil where it says nothing.
  package var packedOption: Bool?
  /// Full name of the message or enum, with its leading dot; empty for scalars.
  package var typeName: String
  /// Position in the message's `oneofs`.
  package var oneofIndex: Int?
  /// Whether the field is a proto3 `optional`.
  package var isProto3Optional: Bool
}

/// The kinds of field, with the numbers that descriptors use.
package enum FieldKind: Int32, Sendable, CaseIterable {
  case double = 1
  case float = 2
  case int64 = 3
  case uint64 = 4
  case int32 = 5
  case fixed64 = 6
  case fixed32 = 7
  case bool = 8
  case string = 9
  case group = 10
  case message = 11
  case bytes = 12
  case uint32 = 13
  case enumeration = 14
  case sfixed32 = 15
  case sfixed64 = 16
  case sint32 = 17
  case sint64 = 18
}

/// An enum declared in a file.
package struct EnumDescriptor: Sendable {
  /// Name without its package.
  package var name: String
  /// Values in the order of the file.
  package var values: [(name: String, number: Int32)]
}

/// A service declared in a file.
package struct ServiceDescriptor: Sendable {
  /// Name without its package.
  package var name: String
  /// Methods in the order of the file.
  package var methods: [MethodDescriptor]
}

/// A method of a service.
package struct MethodDescriptor: Sendable {
  /// Name without its service.
  package var name: String
  /// Full name of the request, with its leading dot.
  package var inputType: String
  /// Full name of the reply, with its leading dot.
  package var outputType: String
  /// Whether the caller sends many messages.
  package var isClientStreaming: Bool
  /// Whether the callee sends many messages.
  package var isServerStreaming: Bool
  /// Whether `idempotency_level` says that calling twice does what calling once does.
  package var isIdempotent: Bool
  /// Whether `idempotency_level` says that calling changes nothing.
  package var isReadOnly: Bool
}
