import Foundation
import Preferences
import Testing

@Suite struct PreferenceMetricsTests {
  typealias Observation = PreferenceMetrics.Observation

  @Test func `accuracy counts untied pairs and halves equal scores`() {
    let metrics = PreferenceMetrics([
      Observation(difference: 1, target: 0.9, margin: 2),
      Observation(difference: 1, target: 0.1, margin: 2),
      Observation(difference: 0, target: 0.9, margin: 2),
      Observation(difference: 5, target: 0.5, margin: 0),
    ])
    #expect(metrics.pairCount == 4 && metrics.untiedCount == 3)
    #expect(metrics.accuracy == 0.5)
  }

  @Test func `the clear half is above the median margin`() {
    let metrics = PreferenceMetrics([
      Observation(difference: -1, target: 0.6, margin: 0.1),
      Observation(difference: -1, target: 0.7, margin: 0.2),
      Observation(difference: 1, target: 0.8, margin: 1),
      Observation(difference: 1, target: 0.9, margin: 2),
    ])
    #expect(metrics.accuracy == 0.5 && metrics.clearAccuracy == 1 && metrics.clearCount == 2)
    #expect(abs(metrics.medianMargin - 0.6) < 1e-12)
    #expect(metrics.confusion.map(\.accuracy) == [0, 0, 1, 1])
    #expect(metrics.confusion[3].firstFirst == 1 && metrics.confusion[0].firstSecond == 1)
  }

  @Test func `predictions that equal the targets are calibrated and others are not`() {
    var random = TestRandom(seed: 71)
    let differences = (0..<2000).map { _ in 2 * random.normal() }
    func metrics(scale: Double) -> PreferenceMetrics {
      PreferenceMetrics(
        differences.map { difference in
          let target = 1 / (1 + exp(-difference))
          return Observation(
            difference: difference * scale,
            target: target,
            margin: abs(difference)
          )
        }
      )
    }
    let calibrated = metrics(scale: 1)
    #expect(calibrated.calibrationError < 1e-12 && calibrated.brier < 1e-12)
    #expect(calibrated.accuracy == 1)
    let bold = metrics(scale: 4)
    #expect(bold.calibrationError > 0.1 && bold.loss > calibrated.loss && bold.accuracy == 1)
  }

  @Test func `nothing measured gives zeros and not NaN`() {
    let metrics = PreferenceMetrics([])
    #expect(metrics.accuracy == 0 && metrics.loss == 0 && metrics.calibrationError == 0)
    #expect(metrics.confusion.isEmpty)
  }

  @Test func `the normaliser measures and refuses what has no spread`() throws {
    let normaliser = try ScoreNormaliser(measuring: [1, 2, 3], principle: "p")
    #expect(normaliser.mean == 2 && abs(normaliser.standardDeviation - 0.81649658) < 1e-7)
    #expect(throws: PreferenceError.degenerateScores(principle: "p")) {
      try ScoreNormaliser(measuring: [2, 2], principle: "p")
    }
    #expect(throws: PreferenceError.degenerateScores(principle: "p")) {
      try ScoreNormaliser(measuring: [2, .nan], principle: "p")
    }
  }
}
