/// How well scores agree with a judge on pairs.
package struct PreferenceMetrics: Sendable, Equatable, Codable {
  /// Pairs measured.
  package var pairCount: Int
  /// Pairs on which the judge saw a difference; accuracies are over these.
  package var untiedCount: Int
  /// Share of untied pairs ordered like the judge; equal scores count one half.
  package var accuracy: Double
  /// The same over untied pairs whose margin is above the median margin of untied pairs.
  package var clearAccuracy: Double
  /// Untied pairs above that median.
  package var clearCount: Int
  /// Median margin of the untied pairs, in nats.
  package var medianMargin: Double
  /// Mean Bradley–Terry loss without margins, in nats a pair, ties included.
  package var loss: Double
  /// Mean squared difference of predicted probability and target.
  package var brier: Double
  /// Expected calibration error over ten bins of confidence in the predicted winner.
  package var calibrationError: Double
  /// Pearson's correlation of scores and answer lengths in tokens, over both sides of every pair;
  /// nil where lengths were not known, as in documents of older trainings.
  package var lengthCorrelation: Double?
  /// Who was preferred by judge and scores, in bands of the judge's margin, ascending.
  package var confusion: [MarginBand]

  /// Counts of agreement within one band of the judge's margin.
  package struct MarginBand: Sendable, Equatable, Codable {
    /// Smallest margin in the band, in nats.
    package var lower: Double
    /// Largest margin in the band, in nats.
    package var upper: Double
    /// Judge first, scores first.
    package var firstFirst: Int
    /// Judge first, scores second or equal.
    package var firstSecond: Int
    /// Judge second, scores first or equal.
    package var secondFirst: Int
    /// Judge second, scores second.
    package var secondSecond: Int

    /// Share of agreement.
    package var accuracy: Double {
      let total = firstFirst + firstSecond + secondFirst + secondSecond
      return total == 0 ? 0 : Double(firstFirst + secondSecond) / Double(total)
    }
  }

  /// One measured pair.
  package struct Observation: Sendable, Equatable {
    /// Score of the first answer minus score of the second.
    package let difference: Double
    /// Judge's probability that the first is better.
    package let target: Double
    /// Judge's margin in nats.
    package let margin: Double

    /// Creates an observation.
    package init(difference: Double, target: Double, margin: Double) {
      self.difference = difference
      self.target = target
      self.margin = margin
    }

    var isTie: Bool { target == 0.5 }

    /// One for agreement, one half for equal scores, zero otherwise.
    var agreement: Double {
      if difference == 0 { return 0.5 }
      return (difference > 0) == (target > 0.5) ? 1 : 0
    }
  }

  /// Measures observations; `lengthCorrelation` comes from whoever knows the answers.
  package init(
    _ observations: [Observation],
    lengthCorrelation: Double? = nil,
    bandCount: Int = 4,
    binCount: Int = 10
  ) {
    self.lengthCorrelation = lengthCorrelation
    let untied = observations.filter { !$0.isTie }.sorted { $0.margin < $1.margin }
    pairCount = observations.count
    untiedCount = untied.count
    let median = Self.median(untied.map(\.margin))
    let clear = untied.filter { $0.margin > median }
    medianMargin = median
    clearCount = clear.count
    accuracy = Self.mean(untied.map(\.agreement))
    clearAccuracy = Self.mean(clear.map(\.agreement))
    let plain = BradleyTerryLoss()
    loss = Self.mean(
      observations.map {
        plain.evaluate(difference: $0.difference, target: $0.target, margin: 0).loss
      }
    )
    brier = Self.mean(
      observations.map {
        let error = BradleyTerryLoss.sigmoid($0.difference) - $0.target
        return error * error
      }
    )
    calibrationError = Self.calibrationError(observations, binCount: binCount)
    confusion = (0..<bandCount).compactMap { band in
      let range = untied.count * band / bandCount..<untied.count * (band + 1) / bandCount
      return range.isEmpty ? nil : Self.band(untied[range])
    }
  }

  private static func band(_ slice: ArraySlice<Observation>) -> MarginBand {
    var band = MarginBand(
      lower: slice.first?.margin ?? 0,
      upper: slice.last?.margin ?? 0,
      firstFirst: 0,
      firstSecond: 0,
      secondFirst: 0,
      secondSecond: 0
    )
    for item in slice {
      switch (item.target > 0.5, item.difference) {
      case (true, let difference) where difference > 0: band.firstFirst += 1
      case (true, _): band.firstSecond += 1
      case (false, let difference) where difference < 0: band.secondSecond += 1
      case (false, _): band.secondFirst += 1
      }
    }
    return band
  }

  /// Mean over bins, weighted by their size, of |mean confidence - mean target of the winner|.
  private static func calibrationError(_ observations: [Observation], binCount: Int) -> Double {
    guard !observations.isEmpty else { return 0 }
    var confidence = [Double](repeating: 0, count: binCount)
    var outcome = confidence
    for item in observations {
      let first = BradleyTerryLoss.sigmoid(item.difference)
      let winner = max(first, 1 - first)
      let bin = min(Int((winner - 0.5) * 2 * Double(binCount)), binCount - 1)
      confidence[bin] += winner
      outcome[bin] += first >= 0.5 ? item.target : 1 - item.target
    }
    let gaps = zip(confidence, outcome).map { abs($0 - $1) }
    return gaps.reduce(0, +) / Double(observations.count)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  private static func median(_ ascending: [Double]) -> Double {
    guard !ascending.isEmpty else { return 0 }
    let upper = ascending.count / 2
    if ascending.count % 2 == 1 { return ascending[upper] }
    return (ascending[upper - 1] + ascending[upper]) / 2
  }
}
