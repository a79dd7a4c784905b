internal import Descriptors

extension DynamicSchema {
  /// Finds messages by their full name or without the package.
  package func messageNames(_ name: String) -> [String] {
    types.keys.filter { $0 == name || $0.hasSuffix(".\(name)") }.sorted()
  }

  /// Messages as a `.proto` file would have them, then every message and enum they are made of, each
  /// once.
  ///
  /// - Throws: `DynamicMessageError.unknownName` when there is no such message.
  package func description(of names: String...) throws(DynamicMessageError) -> [String] {
    var lines: [String] = []
    var waiting: [String] = []
    var seen: Set<String> = []
    for name in names {
      let found = try type(name).name
      if seen.insert(found).inserted { waiting.append(found) }
    }
    while let next = waiting.first {
      waiting.removeFirst()
      if !lines.isEmpty { lines.append("") }
      if let type = types[next] {
        lines += description(of: type, &waiting, &seen)
      } else if let names = enums[next]?.names {
        lines.append("enum \(next) {")
        lines += names.sorted { $0.key < $1.key }.map { "  \($0.value) = \($0.key);" }
        lines.append("}")
      }
    }
    return lines
  }

  private func description(
    of type: DynamicType,
    _ waiting: inout [String],
    _ seen: inout Set<String>
  ) -> [String] {
    var lines = ["message \(type.name) {"]
    for field in type.fields {
      let descriptor = field.descriptor
      var word = "\(descriptor.kind)"
      if descriptor.kind == .message || descriptor.kind == .enumeration {
        word = String(descriptor.typeName.drop(while: { $0 == "." }))
        if seen.insert(word).inserted { waiting.append(word) }
      }
      let label = descriptor.isRepeated ? "repeated " : descriptor.oneofIndex == nil ? "" : "oneof "
      let json = field.jsonName == descriptor.name ? "" : "  // in JSON: \(field.jsonName)"
      lines.append("  \(label)\(word) \(descriptor.name) = \(descriptor.number);\(json)")
    }
    return lines + ["}"]
  }
}
