/// Writes readings as Prometheus reads them: text format 0.0.4.
package enum PrometheusText {
  /// The media type of the text.
  package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  /// The text of readings that come grouped by metric.
  package static func text(_ readings: [MetricReading]) -> String {
    var text = ""
    var last: Metric?
    for reading in readings {
      if reading.metric != last {
        let metric = reading.metric
        text += "# HELP \(metric.name) \(escaped(metric.help, quotes: false))\n"
        text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
        last = metric
      }
      text += "\(reading.name)\(labels(reading)) \(number(reading.value))\n"
    }
    return text
  }

  private static func labels(_ reading: MetricReading) -> String {
    let labels = reading.labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
    return labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
