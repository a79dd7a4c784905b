/// One thing that a service counts or measures; all of them are defined in `MetricCatalog`.
package struct Metric: Sendable, Hashable {
  /// How its values behave.
  package enum Kind: String, Sendable {
    /// Only grows, from 0 when the process starts.
    case counter
    /// Goes up and down.
    case gauge
    /// Counts of measurements between fixed bounds.
    case histogram
  }

  /// Ends in the unit, and in `_total` for a counter.
  package let name: String
  /// How its values behave.
  package let kind: Kind
  /// What one is one of: "calls", "seconds", "bytes".
  package let unit: String
  /// Names of what tells its values apart.
  package let labels: [String]
  /// What it says, in one sentence.
  package let help: String

  init(_ name: String, _ kind: Kind, _ unit: String, labels: [String] = [], _ help: String) {
    self.name = name
    self.kind = kind
    self.unit = unit
    self.labels = labels
    self.help = help
  }

  /// A value of this metric.
  package func sample(_ value: Double, _ labelValues: String...) -> MetricReading {
    MetricReading(metric: self, values: labelValues, value: value)
  }
}

/// One value of a metric at one moment.
package struct MetricReading: Sendable, Equatable {
  /// Of what.
  package var metric: Metric
  /// Part of a histogram: `_bucket`, `_sum` or `_count`; else empty.
  package var suffix = ""
  /// Values of the metric's labels, in their order.
  package var values: [String]
  /// Upper bound of a bucket.
  package var bound: String?
  /// The value.
  package var value: Double

  /// The name with its part.
  package var name: String { metric.name + suffix }

  /// Names and values of all labels.
  package var labels: [(name: String, value: String)] {
    let named = zip(metric.labels, values).map { (name: $0, value: $1) }
    return bound.map { named + [(name: "le", value: $0)] } ?? named
  }
}
