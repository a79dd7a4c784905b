/// How names of a `.proto` become names of Swift.
enum SwiftNames {
  /// `reward_model_id` becomes `rewardModelID`; a keyword is put into backticks.
  static func property(_ name: String) -> String {
    escape(lowerCamel(name))
  }

  /// The name of a field without the suffix that marks text: `prompt_utf8` becomes `prompt`.
  static func field(_ name: String, isText: Bool) -> String {
    property(isText ? String(name.dropLast(textSuffix.count)) : name)
  }

  /// `COLOUR_DEEP_BLUE` of `Colour` becomes `deepBlue`.
  static func enumCase(_ value: String, prefix: String) -> String {
    let rest = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.count)) : value
    return escape(lowerCamel(rest.lowercased()))
  }

  /// The prefix that all values of an enum share when they follow the style guide: `METHOD_KIND_`.
  static func enumPrefix(_ enumName: String, values: [String]) -> String {
    let prefix = CNames.upper(enumName) + "_"
    let isShared = values.allSatisfy { value in
      value.hasPrefix(prefix) && value.dropFirst(prefix.count).first?.isLetter == true
    }
    return isShared ? prefix : ""
  }

  /// `other_kind` becomes `OtherKind`.
  static func upperCamel(_ name: String) -> String {
    let camel = lowerCamel(name)
    if acronyms[camel] != nil { return acronyms[camel] ?? camel }
    return camel.prefix(1).uppercased() + camel.dropFirst()
  }

  /// The name of a method: `PutPrinciple` becomes `putPrinciple`.
  static func method(_ name: String) -> String {
    escape(name.prefix(1).lowercased() + name.dropFirst())
  }

  static let textSuffix = "_utf8"

  private static func lowerCamel(_ name: String) -> String {
    var result = ""
    for part in name.split(separator: "_") {
      if result.isEmpty {
        result += part.prefix(1).lowercased() + part.dropFirst()
      } else {
        result += acronyms[String(part)] ?? part.prefix(1).uppercased() + part.dropFirst()
      }
    }
    return result
  }

  private static func escape(_ name: String) -> String {
    if unescapable.contains(name) { return name + "_" }
    return keywords.contains(name) ? "`\(name)`" : name
  }

  /// Words that keep their capitals when they are not the first.
  private static let acronyms = [
    "id": "ID", "ids": "IDs", "url": "URL", "kl": "KL", "ece": "ECE", "eos": "EOS",
  ]

  /// Names that even backticks do not make usable as a member.
  private static let unescapable: Set<String> = ["init", "self", "Self", "Type", "Protocol"]

  private static let keywords: Set<String> = [
    "associatedtype", "class", "deinit", "enum", "extension", "fileprivate", "func", "import",
    "inout", "internal", "let", "open", "operator", "private", "precedencegroup", "protocol",
    "public", "rethrows", "static", "struct", "subscript", "typealias", "var", "break", "case",
    "catch", "continue", "default", "defer", "do", "else", "fallthrough", "for", "guard", "if",
    "in", "repeat", "return", "throw", "switch", "where", "while", "Any", "as", "await", "false",
    "is", "nil", "super", "throws", "true", "try",
  ]
}
