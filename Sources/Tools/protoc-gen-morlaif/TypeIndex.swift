internal import Descriptors

/// Every message and enum of a request, by full name with its leading dot.
struct TypeIndex {
  private(set) var messages: [String: MessageDescriptor] = [:]
  private(set) var enums: [String: EnumDescriptor] = [:]

  init(_ files: [FileDescriptor]) {
    for file in files {
      let prefix = file.package.isEmpty ? "." : ".\(file.package)."
      for message in file.messages { messages[prefix + message.name] = message }
      for value in file.enums { enums[prefix + value.name] = value }
    }
  }

  /// `.morlaif.v1.Label` becomes `Label`.
  static func swiftName(_ typeName: String) -> String {
    typeName.split(separator: ".").last.map(String.init) ?? typeName
  }

  /// Whether a value of `typeName` would contain itself through single message fields.
  func containsItself(_ typeName: String) -> Bool {
    var visited: Set<String> = []
    var pending = [typeName]
    while let name = pending.popLast() {
      for field in messages[name]?.fields ?? [] where field.kind == .message && !field.isRepeated {
        if field.typeName == typeName { return true }
        if visited.insert(field.typeName).inserted { pending.append(field.typeName) }
      }
    }
    return false
  }
}
