/// Shares with their 95 % intervals, one row each, as an SVG picture.
struct IntervalPlot {
  /// One share.
  struct Row {
    var label: String
    /// Shown beside the value.
    var note: String = ""
    var value: Double
    /// Ends of the interval; absent when it was not measured.
    var low: Double?
    var high: Double?
    /// A second value on the same row, drawn hollow.
    var second: Double?
    var isStrong = false
  }

  /// How a share is drawn.
  enum Mark {
    /// A bar from zero.
    case bar
    /// A dot, coloured by the side of the reference line on which its interval lies.
    case dot
  }

  var title: String
  var axis: String
  var rows: [Row]
  var mark: Mark
  /// A vertical line to compare with.
  var reference: Double?
  var referenceLabel = ""

  private static let width = 620.0
  private static let left = 150.0
  private static let right = 96.0
  private static let rowHeight = 34.0
  private static let top = 20.0

  /// The picture with its title.
  var figure: String {
    "<figure class=\"plot wide\"><figcaption>\(HTML.escape(title))</figcaption>\(svg)</figure>"
  }

  private func x(_ share: Double) -> Double {
    Self.left + min(1, max(0, share)) * (Self.width - Self.left - Self.right)
  }

  private var svg: String {
    let bottom = Self.top + Double(rows.count) * Self.rowHeight
    let height = bottom + 40
    var parts: [String] = []
    for tick in stride(from: 0.0, through: 1.0, by: 0.25) {
      let position = SVG.number(x(tick))
      parts.append(
        "<line class=\"grid\" x1=\"\(position)\" x2=\"\(position)\" y1=\"\(SVG.number(Self.top))\" y2=\"\(SVG.number(bottom))\"/>"
      )
      parts.append(
        SVG.text(Figure.fixed(tick * 100, 0), x: x(tick), y: bottom + 16, anchor: "middle")
      )
    }
    parts.append(
      SVG.text(axis, x: (x(0) + x(1)) / 2, y: bottom + 34, anchor: "middle", class: "axis")
    )
    for (index, row) in rows.enumerated() {
      parts += marks(row, y: Self.top + (Double(index) + 0.5) * Self.rowHeight)
    }
    if let reference {
      let position = SVG.number(x(reference))
      parts.append(
        "<line class=\"reference\" x1=\"\(position)\" x2=\"\(position)\" y1=\"\(SVG.number(Self.top - 4))\" y2=\"\(SVG.number(bottom))\"/>"
      )
      parts.append(
        SVG.text(
          referenceLabel,
          x: x(reference),
          y: Self.top - 8,
          anchor: "middle",
          class: "bandlabel"
        )
      )
    }
    return """
      <svg viewBox="0 0 \(SVG.number(Self.width)) \(SVG.number(height))" role="img" aria-label="\(HTML.escape(title))">
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }

  private func marks(_ row: Row, y: Double) -> [String] {
    let strong = row.isStrong ? " strong" : ""
    var parts = [
      SVG.text(
        row.label,
        x: Self.left - 12,
        y: y + 4.5,
        anchor: "end",
        class: "rowlabel" + strong
      )
    ]
    let style: String
    switch mark {
    case .bar:
      style = "c0"
      parts.append(
        "<rect class=\"bar c0\" x=\"\(SVG.number(x(0)))\" y=\"\(SVG.number(y - 8))\" width=\"\(SVG.number(x(row.value) - x(0)))\" height=\"16\" rx=\"3\"/>"
      )
    case .dot:
      style = verdict(row).rawValue
    }
    if let low = row.low, let high = row.high {
      let class_ = mark == .bar ? "whisker" : "whisker \(style)"
      parts.append(
        "<line class=\"\(class_)\" x1=\"\(SVG.number(x(low)))\" x2=\"\(SVG.number(x(high)))\" y1=\"\(SVG.number(y))\" y2=\"\(SVG.number(y))\"/>"
      )
      for end in [low, high] {
        parts.append(
          "<line class=\"\(class_)\" x1=\"\(SVG.number(x(end)))\" x2=\"\(SVG.number(x(end)))\" y1=\"\(SVG.number(y - 5))\" y2=\"\(SVG.number(y + 5))\"/>"
        )
      }
    }
    if mark == .dot {
      parts.append(
        "<circle class=\"dot \(style)\" cx=\"\(SVG.number(x(row.value)))\" cy=\"\(SVG.number(y))\" r=\"\(row.isStrong ? 7 : 5.5)\"/>"
      )
    }
    if let second = row.second {
      parts.append(
        "<circle class=\"hollow\" cx=\"\(SVG.number(x(second)))\" cy=\"\(SVG.number(y))\" r=\"4.5\"/>"
      )
    }
    parts.append(
      SVG.text(
        Figure.percent(row.value) + row.note,
        x: x(1) + 12,
        y: y + 4.5,
        anchor: "start",
        class: "rowvalue" + strong
      )
    )
    return parts
  }

  /// Whether a whole interval lies on one side of the reference.
  enum Verdict: String {
    case better
    case worse
    case open
  }

  private func verdict(_ row: Row) -> Verdict {
    guard let reference, let low = row.low, let high = row.high else { return .open }
    return low > reference ? .better : (high < reference ? .worse : .open)
  }
}
