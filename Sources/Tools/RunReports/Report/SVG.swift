/// Small pieces of SVG.
enum SVG {
  /// A coordinate with one digit after the point: enough for the eye, small in the file.
  static func number(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    guard tenths.isFinite, abs(tenths) < 1e9 else { return "0" }
    return tenths == tenths.rounded() ? String(Int(tenths)) : String(tenths)
  }

  /// A text; `anchor` is start, middle or end.
  static func text(
    _ text: String,
    x: Double,
    y: Double,
    anchor: String,
    class style: String = "tick"
  ) -> String {
    "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(HTML.escape(text))</text>"
  }
}
