/// What Python's `str` methods do, which templates and tokenizers call.
enum PythonText {
  /// Whether `str.isspace` and so `strip` take a code point for white space.
  static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }

  /// `text.strip()`.
  static func strip(_ text: String) -> String {
    strip(text, where: isSpace)
  }

  /// `text.capitalize()`.
  static func capitalize(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard let first = scalars.first else { return text }
    return first.properties.titlecaseMapping + string(scalars[1...]).lowercased()
  }

  /// `text.strip('\n')`; one side alone for `lstrip` and `rstrip`.
  static func stripLineBreaks(_ text: String, left: Bool = true, right: Bool = true) -> String {
    strip(text, left: left, right: right) { $0 == "\n" }
  }

  /// `text.split(separator)[0]` and `[-1]`: what is before the first and after the last.
  ///
  /// Code points are compared, not characters: a separator before a combining mark is found, too.
  static func ends(of text: String, splitBy separator: String) -> (first: String, last: String) {
    let scalars = Array(text.unicodeScalars)
    let pattern = Array(separator.unicodeScalars)
    var starts: [Int] = []
    var index = 0
    while index + pattern.count <= scalars.count {
      if scalars[index..<index + pattern.count].elementsEqual(pattern) {
        starts.append(index)
        index += pattern.count
      } else {
        index += 1
      }
    }
    guard let first = starts.first, let last = starts.last else { return (text, text) }
    return (
      string(scalars[..<first]), string(scalars[(last + pattern.count)...])
    )
  }

  private static func strip(
    _ text: String,
    left: Bool = true,
    right: Bool = true,
    where isStripped: (Unicode.Scalar) -> Bool
  ) -> String {
    var scalars = Array(text.unicodeScalars)[...]
    while left, let first = scalars.first, isStripped(first) { scalars.removeFirst() }
    while right, let last = scalars.last, isStripped(last) { scalars.removeLast() }
    return string(scalars)
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
