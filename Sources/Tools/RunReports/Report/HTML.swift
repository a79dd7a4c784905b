internal import Foundation

/// Text put safely into HTML and SVG.
enum HTML {
  /// Escapes text for element content and for attribute values in double quotes.
  ///
  /// Control characters that HTML forbids become the replacement character, so that whatever a
  /// model wrote can be shown.
  static func escape(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t", "\r": result.unicodeScalars.append(scalar)
      case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}": result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// An element with escaped text inside.
  static func element(_ name: String, class style: String? = nil, _ text: String) -> String {
    let attribute = style.map { " class=\"\($0)\"" } ?? ""
    return "<\(name)\(attribute)>\(escape(text))</\(name)>"
  }

  /// A table; cells are HTML already.
  static func table(
    class style: String,
    header: [String],
    rows: [[String]]
  ) -> String {
    let head = header.map { "<th scope=\"col\">\($0)</th>" }.joined()
    let body = rows.map { row in
      "<tr>" + row.map { "<td>\($0)</td>" }.joined() + "</tr>"
    }
    return """
      <div class="scroll"><table class="\(style)"><thead><tr>\(head)</tr></thead>
      <tbody>\(body.joined(separator: "\n"))</tbody></table></div>
      """
  }
}

/// Numbers as people read them.
package enum Figure {
  /// A fixed number of digits after the point, with a true minus sign; "–" when unknown.
  package static func fixed(_ value: Double?, _ digits: Int) -> String {
    guard let value, value.isFinite else { return "–" }
    let text = String(format: "%.\(digits)f", abs(value))
    let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
    return value < 0 && !isZero ? "−" + text : text
  }

  /// The same with a plus sign before positive numbers.
  package static func signed(_ value: Double?, _ digits: Int) -> String {
    guard let value, value.isFinite else { return "–" }
    let text = fixed(value, digits)
    return value > 0 ? "+" + text : text
  }

  /// A share as a percentage.
  package static func percent(_ value: Double?, _ digits: Int = 0) -> String {
    value == nil ? "–" : fixed(value.map { $0 * 100 }, digits) + " %"
  }

  /// A length of time: "48 s", "3 min 20 s", "1 h 05 min".
  package static func duration(seconds: Double?) -> String {
    guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    if seconds < 10 { return fixed(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(String(format: "%02d", whole % 60)) s" }
    return "\(whole / 3600) h \(String(format: "%02d", whole % 3600 / 60)) min"
  }

  /// A length of time in one number: "48 s", "10.9 min".
  static func minutes(seconds: Double?) -> String {
    guard let seconds, seconds >= 60 else { return duration(seconds: seconds) }
    return fixed(seconds / 60, 1) + " min"
  }

  /// A moment in universal time: "2026-11-22 11:03 UTC".
  package static func moment(unixSeconds: Double) -> String {
    guard unixSeconds.isFinite, abs(unixSeconds) < 1e11 else { return "–" }
    let stamp = Date(timeIntervalSince1970: unixSeconds.rounded(.down)).ISO8601Format()
    return "\(stamp.prefix(10)) \(stamp.dropFirst(11).prefix(5)) UTC"
  }

  /// A tick of an axis: as few digits as tell the ticks apart.
  static func tick(_ value: Double, step: Double) -> String {
    let digits = max(0, min(6, Int((-log10(step)).rounded(.up))))
    let needsMore = step < 1 && abs(step * pow(10, Double(digits)).rounded()) < 1e-12
    return fixed(value, needsMore ? digits + 1 : digits)
  }
}
