internal import Descriptors

/// A message as its descriptors tell it, ready for converting.
struct DynamicType: Sendable {
  /// `morlaif.v1.ScoreRequest`.
  let name: String
  /// In the order of their numbers.
  let fields: [DynamicField]
  /// Positions of the fields that have a default to show when they are absent.
  let withDefaults: [Int]
  private let indexByName: [String: Int]
  private let indexByNumber: [Int32: Int]

  init(
    _ descriptor: MessageDescriptor,
    name: String,
    isProto3: Bool
  ) throws(DynamicMessageError) {
    self.name = name
    let sorted = descriptor.fields.sorted { $0.number < $1.number }
    var indexByNumber: [Int32: Int] = [:]
    var indexByName: [String: Int] = [:]
    for (index, field) in sorted.enumerated() {
      guard indexByNumber.updateValue(index, forKey: field.number) == nil else {
        throw .descriptors(reason: "\(name) has two fields with the number \(field.number)")
      }
      for alias in Set([field.name, DynamicField.jsonName(of: field)]) {
        guard indexByName.updateValue(index, forKey: alias) == nil else {
          throw .descriptors(reason: "\(name) has two fields called \(alias)")
        }
      }
    }
    // A text field also goes by its name without the suffix, when nothing else is called that.
    var fields: [DynamicField] = []
    for (index, field) in sorted.enumerated() {
      var field = DynamicField(field, isProto3: isProto3)
      if field.isText {
        let short = FieldNames.lowerCamel(String(field.descriptor.name.dropLast(5)))
        if !short.isEmpty, indexByName[short] == nil {
          indexByName[short] = index
          field.jsonName = short
        }
      }
      fields.append(field)
    }
    self.fields = fields
    withDefaults = fields.indices.filter {
      fields[$0].descriptor.isRepeated || !fields[$0].tracksPresence
    }
    self.indexByName = indexByName
    self.indexByNumber = indexByNumber
  }

  /// The position of a field by its JSON name, its original name or, for text, its short name.
  func index(named name: String) -> Int? { indexByName[name] }

  /// The position of a field by its number.
  func index(numbered number: Int32) -> Int? { indexByNumber[number] }
}

/// A field as its descriptor tells it.
struct DynamicField: Sendable {
  let descriptor: FieldDescriptor
  /// The name it is shown by.
  var jsonName: String
  /// `bytes x_utf8`, which holds text.
  let isText: Bool
  /// Whether a repeated number is written packed.
  let isPacked: Bool
  /// Whether a default value is different from no value.
  let tracksPresence: Bool

  init(_ descriptor: FieldDescriptor, isProto3: Bool) {
    self.descriptor = descriptor
    jsonName = Self.jsonName(of: descriptor)
    isText = descriptor.kind == .bytes && descriptor.name.hasSuffix("_utf8")
    isPacked =
      descriptor.isRepeated && descriptor.kind.isPackable
      && (descriptor.packedOption ?? isProto3)
    tracksPresence =
      !isProto3 || descriptor.oneofIndex != nil || descriptor.isProto3Optional
      || descriptor.kind == .message
  }

  static func jsonName(of descriptor: FieldDescriptor) -> String {
    descriptor.jsonName.isEmpty ? FieldNames.lowerCamel(descriptor.name) : descriptor.jsonName
  }
}

/// The names of proto3's JSON mapping.
enum FieldNames {
  /// `reward_model_id` becomes `rewardModelId`, as protoc does it.
  static func lowerCamel(_ name: String) -> String {
    var result = ""
    var isNextUpper = false
    for character in name {
      if character == "_" {
        isNextUpper = true
      } else {
        result += isNextUpper ? character.uppercased() : String(character)
        isNextUpper = false
      }
    }
    return result
  }
}

/// How a value lies on the wire.
enum WireKind: UInt64 {
  case varint = 0
  case fixed64 = 1
  case lengthPrefixed = 2
  case fixed32 = 5
}

extension FieldKind {
  /// How one value of the kind lies on the wire; a group has no kind of its own here.
  var wireKind: WireKind {
    switch self {
    case .double, .fixed64, .sfixed64: .fixed64
    case .float, .fixed32, .sfixed32: .fixed32
    case .string, .bytes, .message, .group: .lengthPrefixed
    case .int32, .int64, .uint32, .uint64, .sint32, .sint64, .bool, .enumeration: .varint
    }
  }

  /// Whether a list of the kind may be packed.
  var isPackable: Bool { wireKind != .lengthPrefixed }
}
