internal import Foundation

/// What is done to a text, between the added tokens in it, before it is cut.
struct Normalizer: Sendable, Equatable {
  /// Whether composed characters are made of their parts (Unicode's form C).
  var composes = false
  /// Whether `▁` is put before a text, whatever it begins with.
  var addsMark = false
  /// Whether spaces are written as `▁`.
  var marksSpaces = false

  /// Whether every text stays as it is.
  var isIdentity: Bool { self == Normalizer() }

  /// The normalised text; an empty one stays empty.
  func apply(_ bytes: Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 3)
    if composes, bytes.indices.contains(where: { bytes[$0] >= 0x80 }) {
      var copy: [UInt8] = []
      for index in bytes.indices { copy.append(bytes[index]) }
      let text = String(decoding: copy, as: UTF8.self)
      result = Array(text.precomposedStringWithCanonicalMapping.utf8)
    } else {
      for index in bytes.indices { result.append(bytes[index]) }
    }
    if result.isEmpty { return result }
    return marksSpaces || addsMark
      ? Metaspace.marked(result, prefixed: addsMark, spaces: marksSpaces) : result
  }
}

/// SentencePiece's way to write spaces: as the visible mark `▁`, often with one before the text.
struct Metaspace: Sendable, Equatable {
  /// When a mark is put before a text that does not begin with one.
  enum Prefix: Sendable, Equatable {
    case never
    /// Before the text and after every added token.
    case always
    /// Only at the very beginning.
    case first
  }

  /// When a mark is put before a text.
  var prefix: Prefix
  /// Whether a text is cut before every mark, so that nothing is merged across words.
  var splits: Bool

  /// `▁` (U+2581) in UTF-8.
  static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// The text with its spaces written as marks.
  func apply(_ bytes: [UInt8], isFirst: Bool) -> [UInt8] {
    let marked = Self.marked(bytes, prefixed: false, spaces: true)
    let wantsMark = prefix == .always || (prefix == .first && isFirst)
    return wantsMark && !marked.starts(with: Self.mark) ? Self.mark + marked : marked
  }

  /// Where the words of a marked text end: before every mark but the first code point, or only at
  /// the end.
  func wordEnds(_ bytes: [UInt8]) -> [Int] {
    guard splits else { return [bytes.count] }
    let starts = bytes.indices.dropFirst().filter { bytes[$0...].starts(with: Self.mark) }
    return starts + [bytes.count]
  }

  /// Writes spaces as marks and puts one first.
  static func marked(_ bytes: [UInt8], prefixed: Bool, spaces: Bool) -> [UInt8] {
    var result = prefixed ? mark : []
    result.reserveCapacity(bytes.count + bytes.count / 2)
    for byte in bytes {
      if spaces, byte == UInt8(ascii: " ") { result += mark } else { result.append(byte) }
    }
    return result
  }

  /// Writes marks as spaces.
  static func unmarked(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index...].starts(with: mark) {
        result.append(UInt8(ascii: " "))
        index += mark.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }
}
