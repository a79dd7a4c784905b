internal import Foundation

/// How rotary frequencies are stretched for contexts longer than those of the first training.
package enum RotaryScaling: Sendable, Equatable {
  /// Not at all.
  case none
  /// All frequencies are divided by one factor.
  case linear(factor: Double)
  /// Llama 3: slow frequencies are divided, fast ones kept, those between blended.
  case llama3(factor: Double, lowFactor: Double, highFactor: Double, originalContext: Int)
  /// What each frequency is divided by, where a file says only this.
  case divisors([Double])

  /// What the frequencies `base^(-2i / headWidth)` are divided by; empty where all are kept.
  ///
  /// - Source: `_compute_llama3_parameters` of Hugging Face `transformers`.
  package func divisors(headWidth: Int, base: Double) -> [Double] {
    let half = headWidth / 2
    switch self {
    case .none: return []
    case .linear(let factor): return Array(repeating: factor, count: half)
    case .divisors(let divisors): return divisors
    case .llama3(let factor, let lowFactor, let highFactor, let originalContext):
      return (0..<half).map { index in
        let frequency = pow(base, -2 * Double(index) / Double(headWidth))
        // How often the frequency turns around within the original context.
        let turns = Double(originalContext) * frequency / (2 * Double.pi)
        if turns < lowFactor { return factor }
        if turns > highFactor { return 1 }
        let blend = (turns - lowFactor) / (highFactor - lowFactor)
        return 1 / ((1 - blend) / factor + blend)
      }
    }
  }

  /// The scaling with these divisors: Llama 3's as it was released where they are its own.
  ///
  /// GGUF files keep the divisors alone; `config.json` has no place for them.
  package init(divisors: [Double], headWidth: Int, base: Double) {
    let released = RotaryScaling.llama3(
      factor: divisors.max() ?? 1,
      lowFactor: 1,
      highFactor: 4,
      originalContext: 8192
    )
    let expected = released.divisors(headWidth: headWidth, base: base)
    let isReleased =
      expected.count == divisors.count
      && zip(expected, divisors).allSatisfy { abs($0 - $1) <= 1e-5 * $0 }
    self = isReleased ? released : .divisors(divisors)
  }

  /// Whether every number makes sense for heads of some width.
  func isValid(headWidth: Int) -> Bool {
    switch self {
    case .none: true
    case .linear(let factor): factor.isFinite && factor > 0
    case .llama3(let factor, let low, let high, let context):
      factor.isFinite && factor > 0 && low.isFinite && high.isFinite && low > 0 && high > low
        && context > 0
    case .divisors(let divisors):
      divisors.count == headWidth / 2 && divisors.allSatisfy { $0.isFinite && $0 > 0 }
    }
  }
}
