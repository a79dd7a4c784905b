internal import Foundation
package import Messages
internal import RunReports

/// A deferred pair as lines of a terminal.
package enum ReviewPage {
  /// The pair, wrapped to a width; control characters of its texts are not passed on.
  package static func lines(
    _ item: DeferredPair,
    principle: String,
    progress: (number: Int, count: Int),
    showsOpinion: Bool,
    width: Int
  ) -> [String] {
    let pair = item.pair ?? PreferencePair()
    let isTurned = ReviewSession.isTurned(item)
    let label = item.label ?? Label()
    var lines = ["[\(progress.number)/\(progress.count)]  \(label.principleID)  (\(item.reason))"]
    lines += wrap(principle, width)
    lines += section("Prompt", pair.prompt, width)
    lines += section("Response 1", isTurned ? pair.responseB : pair.responseA, width)
    lines += section("Response 2", isTurned ? pair.responseA : pair.responseB, width)
    if showsOpinion {
      let share = isTurned ? 1 - label.pA : label.pA
      lines += [
        "", "\(label.judgeID): response 1 is better with probability \(Figure.fixed(share, 2))",
      ]
    }
    return lines + ["", ReviewSession.help]
  }

  private static func section(_ title: String, _ text: String, _ width: Int) -> [String] {
    ["", "── \(title) " + String(repeating: "─", count: max(0, min(width, 72) - title.count - 4))]
      + wrap(text, width)
  }

  /// Breaks lines at blanks; words longer than a line are cut.
  static func wrap(_ text: String, _ width: Int) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      var lines: [String] = []
      var rest = String(line.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : Character($0) })[...]
      while rest.count > width {
        let head = rest.prefix(width)
        let end = head.lastIndex(of: " ") ?? head.endIndex
        lines.append(String(rest[..<end]))
        rest = rest[end...].drop { $0 == " " }
      }
      return lines + [String(rest)]
    }
  }

  /// Whether a character would move the cursor or change the terminal.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control && scalar != "\t"
  }
}
