internal import Foundation
internal import JSON

/// One figure of `benchmarks model`.
struct ModelFigure {
  /// Its name in JSON, which ends with its unit.
  let name: String
  /// What was measured, for people.
  let title: String
  /// The value in the unit that the name says.
  let value: Double

  /// The value with four digits.
  var json: JSONValue { .number(Double(String(format: "%.4g", value)) ?? value) }

  /// All figures as lines with aligned columns.
  static func table(_ figures: [ModelFigure]) -> [String] {
    let width = figures.map(\.title.count).max() ?? 0
    return figures.map { figure in
      let title = figure.title + String(repeating: " ", count: width - figure.title.count)
      let value =
        figure.value < 10
        ? String(format: "%.2f", figure.value) : String(format: "%.0f", figure.value)
      return "\(title)  \(String(repeating: " ", count: max(0, 6 - value.count)))\(value)"
    }
  }
}
