extension JSONValue {
  /// The value on one line, without spaces; numbers that are not finite become `null`.
  package var line: String {
    var text = ""
    write(to: &text, indentation: nil, depth: 0)
    return text
  }

  /// The value over several lines, indented by two spaces.
  package var pretty: String {
    var text = ""
    write(to: &text, indentation: 2, depth: 0)
    return text
  }

  private func write(to text: inout String, indentation: Int?, depth: Int) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let elements):
      // Arrays of plain values stay on one line even in the pretty form.
      let nested = elements.contains { $0.members != nil || $0.elements != nil }
      Self.writeList(
        elements,
        open: "[",
        close: "]",
        to: &text,
        indentation: nested ? indentation : nil,
        depth: depth
      ) { element, text in
        element.write(to: &text, indentation: indentation, depth: depth + 1)
      }
    case .object(let members):
      Self.writeList(
        members,
        open: "{",
        close: "}",
        to: &text,
        indentation: indentation,
        depth: depth
      ) { member, text in
        Self.write(member.name, to: &text)
        text += indentation == nil ? ":" : ": "
        member.value.write(to: &text, indentation: indentation, depth: depth + 1)
      }
    }
  }

  private static func writeList<Item>(
    _ items: [Item],
    open: String,
    close: String,
    to text: inout String,
    indentation: Int?,
    depth: Int,
    item write: (Item, inout String) -> Void
  ) {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += "," }
      if let indentation {
        text += "\n" + String(repeating: " ", count: indentation * (depth + 1))
      }
      write(item, &text)
    }
    if let indentation, !items.isEmpty {
      text += "\n" + String(repeating: " ", count: indentation * depth)
    }
    text += close
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7f}", "\u{2028}", "\u{2029}":
        // The two separators are legal JSON but end a line for some readers of JSON lines.
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
