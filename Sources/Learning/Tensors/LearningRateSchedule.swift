#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// How the learning rate moves over a run, as a factor of its peak.
package struct LearningRateSchedule: Sendable, Equatable {
  /// The course after the warm-up.
  package enum Shape: String, Sendable, Equatable, CaseIterable {
    /// Stays at the peak.
    case constant
    /// Falls in a straight line to `finalFactor` at the last step.
    case linear
    /// Falls along half a cosine to `finalFactor` at the last step.
    case cosine
  }

  /// The course after the warm-up.
  package let shape: Shape
  /// The largest learning rate.
  package let peak: Double
  /// How many steps the straight rise from 0 takes.
  package let warmupStepCount: Int
  /// How many steps the run has, warm-up included.
  package let totalStepCount: Int
  /// What is left at the end, as a share of the peak.
  package let finalFactor: Double

  /// Makes a schedule.
  package init(
    _ shape: Shape,
    peak: Double,
    warmupStepCount: Int = 0,
    totalStepCount: Int = 0,
    finalFactor: Double = 0
  ) {
    self.shape = shape
    self.peak = peak
    self.warmupStepCount = max(0, warmupStepCount)
    self.totalStepCount = max(0, totalStepCount)
    self.finalFactor = finalFactor
  }

  /// The learning rate of a step, the first of which is 0.
  package func learningRate(step: Int) -> Double {
    if step < warmupStepCount { return peak * Double(step + 1) / Double(warmupStepCount) }
    let span = totalStepCount - warmupStepCount
    let progress = span > 0 ? min(1, Double(step - warmupStepCount) / Double(span)) : 0
    switch shape {
    case .constant: return peak
    case .linear: return peak * (1 - (1 - finalFactor) * progress)
    case .cosine:
      return peak * (finalFactor + (1 - finalFactor) * 0.5 * (1 + cos(Double.pi * progress)))
    }
  }
}
