extension JSONValue {
  /// The value on one line, without spaces; numbers that are not finite become `null`.
  package var line: String { text(.singleLine) }

  /// The value over several lines, indented by two spaces, without a line end after the last.
  package var pretty: String { text(.pretty) }

  private func text(_ style: JSONStyle) -> String {
    var writer = JSONWriter(style: style)
    write(to: &writer)
    return writer.text
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .null: writer.literal("null")
    case .bool(let value): writer.literal(value ? "true" : "false")
    case .integer(let value): writer.literal(String(value))
    // Swift prints the shortest digits that read back as the same number.
    case .number(let value): writer.literal(value.isFinite ? "\(value)" : "null")
    case .numeral(let digits): writer.literal(digits)
    case .string(let value): writer.string(value)
    case .array(let elements):
      // Arrays of plain values stay on one line even in the pretty style.
      writer.beginArray(
        isInline: !elements.contains { $0.members != nil || $0.elements != nil }
      )
      for element in elements { element.write(to: &writer) }
      writer.endArray()
    case .object(let members):
      writer.beginObject()
      for member in members {
        writer.name(member.name)
        member.value.write(to: &writer)
      }
      writer.endObject()
    }
  }
}
