internal import Foundation
package import JSON
package import Messages

/// A preference as a line of JSON, as other programs write and read it.
///
/// `prompt`, `chosen` and `rejected` (PEERS 2.7), optionally `principle`, `source`, `id` and how
/// clear it is: `p`, the probability that the chosen answer is the better one, or `margin`, in nats.
package struct PreferenceLine: Sendable, Equatable {
  /// The pair's name; nil for one made of its texts.
  package let id: String?
  /// The prompt and both answers.
  package let texts: PreferenceTexts
  /// By what the chosen answer is the better one.
  package let principle: String
  /// Probability that the chosen answer is the better one, one half to 1.
  package let probability: Double
  /// Who says so; empty when the line does not tell.
  package let source: String

  /// Principle of lines that name none.
  package static let overallPrinciple = "overall"
  /// Probability for a line with neither `p` nor `margin`.
  ///
  /// People contradict themselves and each other; certainty would ask a preference model for an
  /// infinite difference of scores.
  package static let probabilityWithoutMargin = 0.98
  private static let identifierBytesMax = 256

  /// Reads the line that `reader` gave last; `principle` is that of lines that name none.
  package init(
    _ record: JSONValue,
    principle: String = overallPrinciple,
    in reader: RecordReader
  ) throws(OperationsError) {
    texts = try PreferenceTexts(record, in: reader)
    id = try Self.identifier("id", of: record, in: reader)
    source = try Self.identifier("source", of: record, in: reader) ?? ""
    self.principle = try Self.identifier("principle", of: record, in: reader) ?? principle
    guard Self.isPrinciple(self.principle) else {
      throw reader.refusal(
        "the principle \"\(self.principle)\" must have 1 to 64 of a-z, 0-9, - and _"
      )
    }
    let margin = try Self.number("margin", of: record, in: 0...(.infinity), reader)
    // exp(-margin) is at most 1: nothing overflows.
    let clearness = margin.map { 1 / (1 + exp(-$0)) }
    probability =
      try Self.number("p", of: record, in: 0.5...1, reader) ?? clearness
      ?? Self.probabilityWithoutMargin
  }

  /// Whether a text can name a principle.
  package static func isPrinciple(_ id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// What makes two lines speak of the same pair, whichever answer they prefer; to be hashed.
  package var identity: String {
    ([texts.prompt] + answers).map { "\($0.utf8.count):\($0)" }.joined(separator: "\n")
  }

  /// The pair and its label, as the labeler's `Import` takes them.
  ///
  /// Which answer is A follows from `digest`, a hash of ``identity`` in hexadecimal digits: a
  /// position must say nothing about the preference (METHODS A(e), label leakage by position).
  package func message(digest: String) -> ImportedPreference {
    let isSwapped = digest.utf8.first.map { $0 % 2 == 1 } ?? false
    let ordered = isSwapped ? answers.reversed() : answers
    let pair = PreferencePair(
      id: id ?? "imported-" + digest.prefix(24),
      prompt: texts.prompt,
      responseA: ordered.first ?? "",
      responseB: ordered.last ?? "",
      source: source
    )
    let label = Label(
      pairID: pair.id,
      principleID: principle,
      pA: pair.responseA == texts.chosen ? probability : 1 - probability,
      judgeID: source
    )
    return ImportedPreference(pair: pair, label: label)
  }

  /// A label with its pair as a line; reading it back gives the same preference.
  ///
  /// The judge is the source: it is who says so, wherever the answers came from.
  package static func json(label: Label, pair: PreferencePair) -> JSONValue {
    let whole = LabelRecord.json(label: label, pair: pair)
    let names = [
      ("prompt", "prompt"), ("chosen", "chosen"), ("rejected", "rejected"),
      ("principle", "principle"), ("margin", "margin"), ("source", "judge"), ("p", "p_chosen"),
    ]
    var members = names.compactMap { name, kept in whole[kept].map { JSONMember(name, $0) } }
    if label.tie { members.append(JSONMember("tie", true)) }
    return .object(members)
  }

  /// Both answers in an order that does not depend on the preference.
  private var answers: [String] { [texts.chosen, texts.rejected].sorted() }

  private static func identifier(
    _ name: String,
    of record: JSONValue,
    in reader: RecordReader
  ) throws(OperationsError) -> String? {
    guard let value = record[name], value != .null else { return nil }
    guard let text = value.text, (1...identifierBytesMax).contains(text.utf8.count),
      !text.utf8.contains(0)
    else {
      throw reader.refusal("\"\(name)\" must be a text of 1 to 256 bytes without NUL")
    }
    return text
  }

  private static func number(
    _ name: String,
    of record: JSONValue,
    in range: ClosedRange<Double>,
    _ reader: RecordReader
  ) throws(OperationsError) -> Double? {
    guard let value = record[name], value != .null else { return nil }
    guard let number = value.double, range.contains(number) else {
      let limits =
        range.upperBound.isFinite
        ? "\(range.lowerBound) to \(range.upperBound)" : "\(range.lowerBound) or more"
      throw reader.refusal("\"\(name)\" must be a number, \(limits)")
    }
    return number
  }
}
