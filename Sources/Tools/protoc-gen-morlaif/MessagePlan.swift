internal import Descriptors

/// A message as the generator writes it: its members in order, and where its comments are.
struct MessagePlan {
  /// A stored property of the struct.
  enum Member {
    case field(FieldPlan)
    case oneof(OneofPlan)

    var name: String {
      switch self {
      case .field(let field): field.name
      case .oneof(let oneof): oneof.name
      }
    }

    var type: String {
      switch self {
      case .field(let field): field.propertyType
      case .oneof(let oneof): "\(oneof.typeName)?"
      }
    }

    var defaultValue: String {
      switch self {
      case .field(let field): field.defaultValue
      case .oneof: "nil"
      }
    }

    /// The name as it stands in the `.proto`.
    var protoName: String {
      switch self {
      case .field(let field): field.descriptor.name
      case .oneof(let oneof): oneof.protoName
      }
    }
  }

  let descriptor: MessageDescriptor
  /// `morlaif.v1.ScoreRequest`.
  let fullName: String
  let members: [Member]
  private let comments: [[Int32]: String]
  private let path: [Int32]

  init(_ descriptor: MessageDescriptor, at index: Int, of file: FileDescriptor) {
    self.descriptor = descriptor
    fullName = file.package.isEmpty ? descriptor.name : "\(file.package).\(descriptor.name)"
    comments = file.comments
    path = [4, Int32(index)]
    var members: [Member] = []
    var seen: Set<Int> = []
    for field in descriptor.fields {
      guard let index = field.oneofIndex else {
        members.append(.field(FieldPlan(field)))
        continue
      }
      guard seen.insert(index).inserted else { continue }
      members.append(.oneof(OneofPlan(index, of: descriptor)))
    }
    self.members = members
  }

  var cType: String { CNames.type(fullName) }
  var cFunction: String { CNames.function(fullName) }
  var comment: String? { comments[path] }

  /// The comment of a member of the struct.
  func comment(of member: Member) -> String? {
    switch member {
    case .field(let field): comment(of: field)
    case .oneof(let oneof): comments[path + [8, Int32(oneof.index)]]
    }
  }

  /// The comment of a field, inside a oneof or not.
  func comment(of field: FieldPlan) -> String? {
    let number = field.descriptor.number
    guard let index = descriptor.fields.firstIndex(where: { $0.number == number }) else {
      return nil
    }
    return comments[path + [2, Int32(index)]]
  }
}

/// A oneof: an enum with one case per field.
struct OneofPlan {
  let index: Int
  let protoName: String
  /// Name of the optional property.
  let name: String
  /// Name of the enum: message and oneof joined, `ChoiceKind`.
  let typeName: String
  let fields: [FieldPlan]

  init(_ index: Int, of message: MessageDescriptor) {
    self.index = index
    protoName = message.oneofs[index]
    name = SwiftNames.property(protoName)
    typeName = message.name + SwiftNames.upperCamel(protoName)
    fields = message.fields.filter { $0.oneofIndex == index }.map { FieldPlan($0) }
  }

  /// The member of the C struct that says which case is there.
  var cCaseMember: String { protoName.lowercased() + "_case" }
}
