/// Lines over training steps, as an SVG picture.
struct LinePlot {
  /// One line.
  struct Series {
    var name: String
    /// Which colour of the palette, 0 to 7.
    var colour: Int
    /// x: step; y: in the unit of the plot.
    var points: [(x: Double, y: Double)]
  }

  /// A stretch of steps that was scored by one scalarizer version.
  struct Band {
    var from: Double
    var to: Double
    var label: String
  }

  var title: String
  /// Shown on the vertical axis.
  var unit: String
  var series: [Series]
  var bands: [Band] = []
  var includesZero = false
  /// Draws each value faintly and their moving average on top.
  var smooths = true

  private static let width = 460.0
  private static let height = 250.0
  private static let left = 58.0
  private static let right = 14.0
  private static let top = 16.0
  private static let bottom = 42.0

  /// The picture with its title and legend, ready to be put into the page.
  var figure: String {
    let legend =
      series.count < 2
      ? ""
      : "<div class=\"legend\">"
        + series.map { "<span class=\"key c\($0.colour)\">\(HTML.escape($0.name))</span>" }
        .joined() + "</div>"
    return """
      <figure class="plot"><figcaption>\(HTML.escape(title))</figcaption>\(svg)\(legend)</figure>
      """
  }

  private var horizontal: AxisScale {
    let steps = series.flatMap { $0.points.map(\.x) }
    let low = steps.min() ?? 0
    let high = max(steps.max() ?? 1, low + 1)
    let rounded = AxisScale(covering: [low, high], tickCount: 6)
    // The lines should fill the width, so the axis ends at the data and only its ticks are round.
    return AxisScale(low: low, high: high, step: max(1, rounded.step))
  }

  private var vertical: AxisScale {
    AxisScale(
      covering: series.flatMap { $0.points.map(\.y) },
      tickCount: 5,
      includesZero: includesZero
    )
  }

  private var svg: String {
    let across = horizontal
    let up = vertical
    func x(_ value: Double) -> Double {
      Self.left + across.position(value) * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - up.position(value) * (Self.height - Self.top - Self.bottom)
    }
    var parts: [String] = []
    parts += bandMarks(x: x)
    for tick in up.ticks {
      let position = SVG.number(y(tick))
      parts.append(
        "<line class=\"grid\" x1=\"\(SVG.number(Self.left))\" x2=\"\(SVG.number(Self.width - Self.right))\" y1=\"\(position)\" y2=\"\(position)\"/>"
      )
      parts.append(
        SVG.text(
          Figure.tick(tick, step: up.step),
          x: Self.left - 7,
          y: y(tick) + 3.5,
          anchor: "end"
        )
      )
    }
    for tick in stepTicks(across) {
      parts.append(
        SVG.text(
          Figure.tick(tick, step: 1),
          x: x(tick),
          y: Self.height - Self.bottom + 16,
          anchor: "middle"
        )
      )
    }
    parts.append(
      SVG.text(
        "step",
        x: (Self.left + Self.width - Self.right) / 2,
        y: Self.height - 7,
        anchor: "middle",
        class: "axis"
      )
    )
    let middle = SVG.number((Self.top + Self.height - Self.bottom) / 2)
    parts.append(
      "<text class=\"axis\" text-anchor=\"middle\" transform=\"translate(13 \(middle)) rotate(-90)\">\(HTML.escape(unit))</text>"
    )
    for line in series { parts += lineMarks(line, x: x, y: y) }
    let label = HTML.escape("\(title), \(unit), over training steps")
    return """
      <svg viewBox="0 0 \(SVG.number(Self.width)) \(SVG.number(Self.height))" role="img" aria-label="\(label)">
      \(parts.joined(separator: "\n"))
      </svg>
      """
  }

  private func stepTicks(_ across: AxisScale) -> [Double] {
    var tick = (across.low / across.step).rounded(.up) * across.step
    var ticks: [Double] = []
    while tick <= across.high + 1e-9, ticks.count < 50 {
      ticks.append(tick)
      tick += across.step
    }
    return ticks
  }

  private func bandMarks(x: (Double) -> Double) -> [String] {
    // One version needs no bands: it scored everything.
    guard bands.count > 1 else { return [] }
    let height = Self.height - Self.top - Self.bottom
    return bands.enumerated().flatMap { index, band in
      let from = max(Self.left, x(band.from - 0.5))
      let to = min(Self.width - Self.right, x(band.to + 0.5))
      let style = index % 2 == 0 ? "band even" : "band odd"
      return [
        "<rect class=\"\(style)\" x=\"\(SVG.number(from))\" y=\"\(SVG.number(Self.top))\" width=\"\(SVG.number(max(0, to - from)))\" height=\"\(SVG.number(height))\"/>",
        SVG.text(
          band.label,
          x: (from + to) / 2,
          y: Self.top - 4,
          anchor: "middle",
          class: "bandlabel"
        ),
      ]
    }
  }

  private func lineMarks(
    _ line: Series,
    x: (Double) -> Double,
    y: (Double) -> Double
  ) -> [String] {
    let points = line.points.filter { $0.x.isFinite && $0.y.isFinite }
    guard let first = points.first else { return [] }
    if points.count == 1 {
      return [
        "<circle class=\"dot c\(line.colour)\" cx=\"\(SVG.number(x(first.x)))\" cy=\"\(SVG.number(y(first.y)))\" r=\"3\"/>"
      ]
    }
    func path(_ values: [Double]) -> String {
      zip(points, values).map { "\(SVG.number(x($0.x))),\(SVG.number(y($1)))" }
        .joined(separator: " ")
    }
    let raw = points.map(\.y)
    guard smooths, points.count >= 8 else {
      return ["<polyline class=\"line c\(line.colour)\" points=\"\(path(raw))\"/>"]
    }
    // The average spans about a twentieth of the run, so that long runs are calm and short ones not
    // flat.
    let span = max(5, Double(raw.count) / 20)
    let average = Statistics.movingAverage(raw, smoothing: 1 - 1 / span)
    return [
      "<polyline class=\"line faint c\(line.colour)\" points=\"\(path(raw))\"/>",
      "<polyline class=\"line c\(line.colour)\" points=\"\(path(average))\"/>",
    ]
  }
}
