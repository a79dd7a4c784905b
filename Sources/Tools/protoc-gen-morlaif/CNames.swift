/// How protoc-c names what it generates, which the bridges have to repeat exactly.
enum CNames {
  /// `morlaif.v1.ScoreRequest` becomes `Morlaif__V1__ScoreRequest`.
  static func type(_ fullName: String) -> String {
    fullName.split(separator: ".").map { camel(String($0)) }.joined(separator: "__")
  }

  /// `morlaif.v1.ScoreRequest` becomes `morlaif__v1__score_request`.
  static func function(_ fullName: String) -> String {
    fullName.split(separator: ".").map { upper(String($0)).lowercased() }.joined(separator: "__")
  }

  /// The member of the C struct, ready to be used in Swift.
  static func member(_ field: String) -> String {
    let lower = field.lowercased()
    let name = keywords.contains(lower) ? lower + "_" : lower
    return swiftOnlyKeywords.contains(name) ? "`\(name)`" : name
  }

  /// The member that counts a repeated field.
  static func count(_ field: String) -> String {
    let lower = field.lowercased()
    return "n_" + (keywords.contains(lower) ? lower + "_" : lower)
  }

  /// `MethodKind` becomes `METHOD_KIND`; neighbouring capitals stay together.
  static func upper(_ name: String) -> String {
    var result = ""
    var wasUpper = true
    for character in name {
      if character.isUppercase && !wasUpper { result += "_" }
      result += character.uppercased()
      wasUpper = character.isUppercase
    }
    return result
  }

  private static func camel(_ name: String) -> String {
    name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Names to which protoc-c adds an underscore.
  private static let keywords: Set<String> = [
    "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char",
    "class", "compl", "const", "const_cast", "continue", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "extern", "false", "float", "for", "friend",
    "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "not", "not_eq",
    "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast",
    "return", "short", "signed", "sizeof", "static", "static_cast", "struct", "switch",
    "template", "this", "throw", "true", "try", "typedef", "typeid", "typename", "union",
    "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
  ]

  private static let swiftOnlyKeywords: Set<String> = [
    "as", "associatedtype", "deinit", "extension", "fallthrough", "fileprivate", "func", "guard",
    "import", "in", "init", "inout", "internal", "is", "let", "nil", "protocol", "repeat",
    "rethrows", "self", "subscript", "super", "throws", "typealias", "var", "where", "defer",
  ]
}
