import Foundation
import Preferences
import Testing

@Suite struct BradleyTerryLossTests {
  @Test(arguments: [0.0, 1.0], [0.0, 0.1])
  func `the slope is the finite difference`(marginMax: Double, smoothing: Double) {
    let loss = BradleyTerryLoss(marginMax: marginMax, labelSmoothing: smoothing)
    for difference in stride(from: -6.0, through: 6, by: 0.7) {
      for target in [0, 0.2, 0.5, 0.9, 1] {
        func value(_ d: Double) -> Double {
          loss.evaluate(difference: d, target: target, margin: 2).loss
        }
        let expected = (value(difference + 1e-5) - value(difference - 1e-5)) / 2e-5
        let slope = loss.evaluate(difference: difference, target: target, margin: 2).slope
        #expect(abs(slope - expected) < 1e-8)
      }
    }
  }

  // METHODS A(e): what a margin does to the scale.
  @Test(arguments: [(0.0, 1.386), (1.0, 2.154), (5.0, 6.099)])
  func `a true preference of 80 to 20 has its known optimum`(margin: Double, optimum: Double) {
    let loss = BradleyTerryLoss(marginMax: 10)
    func slope(_ difference: Double) -> Double {
      0.8 * loss.evaluate(difference: difference, target: 1, margin: margin).slope
        + 0.2 * loss.evaluate(difference: difference, target: 0, margin: margin).slope
    }
    var low = 0.0
    var high = 20.0
    while high - low > 1e-6 {
      let middle = (low + high) / 2
      if slope(middle) < 0 { low = middle } else { high = middle }
    }
    #expect(abs(low - optimum) < 1e-3)
  }

  @Test func `margins are clipped`() {
    let loss = BradleyTerryLoss(marginMax: 1)
    let clipped = loss.evaluate(difference: 0.3, target: 1, margin: 10)
    let exact = loss.evaluate(difference: 0.3, target: 1, margin: 1)
    #expect(clipped == exact)
  }

  @Test func `turning a pair around keeps its loss`() {
    let loss = BradleyTerryLoss(marginMax: 1, labelSmoothing: 0.05)
    let one = loss.evaluate(difference: 0.7, target: 0.8, margin: 0.4)
    let other = loss.evaluate(difference: -0.7, target: 1 - 0.8, margin: 0.4)
    #expect(abs(one.loss - other.loss) < 1e-12 && abs(one.slope + other.slope) < 1e-12)
  }

  @Test func `enormous differences stay finite`() {
    for difference in [-1e6, 1e6] {
      let result = BradleyTerryLoss().evaluate(difference: difference, target: 1, margin: 0)
      #expect(result.loss.isFinite && result.slope.isFinite)
    }
  }

  @Test func `the gradient over a batch sums the pairs of each text`() throws {
    let dataset = try PreferenceDataset(PreferenceDatasetTests.pairs(promptCount: 1))
    let batch = PairBatch(dataset, pairs: Array(dataset.pairs.indices))
    let loss = BradleyTerryLoss()
    let scores: [Float] = [0.3, -0.2, 0.8, 0.1]
    let result = loss.evaluate(scores: scores, batch: batch, dataset: dataset)
    for text in 0..<4 {
      var up = scores
      var down = scores
      up[text] += 1.0 / 256
      down[text] -= 1.0 / 256
      let high = loss.evaluate(scores: up, batch: batch, dataset: dataset).loss
      let low = loss.evaluate(scores: down, batch: batch, dataset: dataset).loss
      #expect(abs(Double(result.gradient[text]) - (high - low) * 128) < 1e-4)
    }
    #expect(abs(result.gradient.reduce(0, +)) < 1e-6)
  }
}
