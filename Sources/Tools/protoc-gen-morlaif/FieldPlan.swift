internal import Descriptors

/// Everything the generator needs to know of one field, worked out once.
struct FieldPlan {
  /// How a value of the field is held in Swift and in C.
  enum Shape {
    /// The same number type on both sides.
    case number
    case bool
    /// `string`: an identifier.
    case identifier
    /// `bytes x_utf8`: text.
    case text
    case bytes
    case enumeration
    case message
  }

  let descriptor: FieldDescriptor
  let shape: Shape
  /// Name of the property or oneof case.
  let name: String
  /// Swift type of one value.
  let elementType: String
  /// C type of one value, as Swift imports it.
  let cType: String
  /// Member of the C struct.
  let cMember: String
  let cCount: String

  init(_ descriptor: FieldDescriptor) {
    self.descriptor = descriptor
    let isText = Self.isText(descriptor)
    name = SwiftNames.field(descriptor.name, isText: isText)
    cMember = CNames.member(descriptor.name)
    cCount = CNames.count(descriptor.name)
    switch descriptor.kind {
    case .bool:
      (shape, elementType, cType) = (.bool, "Bool", "Int32")
    case .string, .group:
      (shape, elementType, cType) = (.identifier, "String", "UnsafeMutablePointer<CChar>?")
    case .bytes:
      shape = isText ? .text : .bytes
      (elementType, cType) = (isText ? "String" : "[UInt8]", "ProtobufCBinaryData")
    case .message:
      (shape, elementType) = (.message, TypeIndex.swiftName(descriptor.typeName))
      cType = "UnsafeMutablePointer<\(CNames.type(descriptor.typeName))>?"
    case .enumeration:
      (shape, elementType) = (.enumeration, TypeIndex.swiftName(descriptor.typeName))
      cType = CNames.type(descriptor.typeName)
    case .double, .float, .int32, .sint32, .sfixed32, .int64, .sint64, .sfixed64, .uint32,
      .fixed32, .uint64, .fixed64:
      let type = Self.numberType(descriptor.kind)
      (shape, elementType, cType) = (.number, type, type)
    }
  }

  /// Whether the field is text in bytes' clothing.
  static func isText(_ descriptor: FieldDescriptor) -> Bool {
    descriptor.kind == .bytes && descriptor.name.hasSuffix(SwiftNames.textSuffix)
      && descriptor.name.count > SwiftNames.textSuffix.count
  }

  /// Type of the stored property.
  var propertyType: String {
    if descriptor.isRepeated { return "[\(elementType)]" }
    return shape == .message ? "\(elementType)?" : elementType
  }

  /// The property's value in an empty message.
  var defaultValue: String {
    if descriptor.isRepeated { return "[]" }
    switch shape {
    case .number: return "0"
    case .bool: return "false"
    case .identifier, .text: return "\"\""
    case .bytes: return "[]"
    case .enumeration: return "\(elementType)()"
    case .message: return "nil"
    }
  }

  private static func numberType(_ kind: FieldKind) -> String {
    switch kind {
    case .double: "Double"
    case .float: "Float"
    case .int64, .sint64, .sfixed64: "Int64"
    case .uint64, .fixed64: "UInt64"
    case .uint32, .fixed32: "UInt32"
    default: "Int32"
    }
  }
}
