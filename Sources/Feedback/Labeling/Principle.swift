internal import Hashing

/// One thing that an answer can be better or worse at, judged on its own.
package struct Principle: Sendable, Equatable, Codable {
  /// Stable identifier: lower-case letters, digits, `-` and `_`.
  package var id: String
  /// The criterion as one sentence that says what the better response does.
  package var text: String
  /// The opposite criterion, for methods that ask the other way round; may be empty.
  package var negativeText: String

  /// Creates a principle from its parts.
  package init(id: String, text: String, negativeText: String) {
    self.id = id
    self.text = text
    self.negativeText = negativeText
  }

  /// Hash of the text, so that labels given for another wording are not taken for this one's.
  package var textHash: String { SHA256.hexDigest(ofParts: [text]) }

  /// Says what is wrong with the fields, or nil if nothing is.
  var defect: String? {
    let allowed = id.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
    }
    if id.isEmpty || id.utf8.count > 64 || !allowed {
      return "field id is \"\(id.prefix(80))\"; use 1 to 64 of a-z, 0-9, - and _"
    }
    if TextProfile(text).words.isEmpty { return "field text is empty; write the criterion" }
    return nil
  }
}
