internal import CKernels

/// Rows of logits over a vocabulary, with a target each: log-probabilities, entropies, gradients.
///
/// Distributions are `softmax(logits / temperature)`; sums over the vocabulary end in double.
package struct CategoricalRows: Sendable {
  /// The logits, and after `backward` their gradient: (rows, vocabulary).
  package let logits: Tile
  /// A target for each row; one outside the vocabulary counts as log-probability 0.
  package let targets: [Int32]
  /// The log-probability of each row's target, in nats.
  package let values: [Float]
  /// The entropy of each row's distribution, in nats.
  package let entropies: [Float]

  private let logSums: [Double]
  private let inverseTemperature: Float

  /// Computes log-probabilities and entropies.
  package init(logits: Tile, targets: [Int32], temperature: Float) {
    precondition(targets.count == logits.rows, "one target for each row")
    precondition(temperature > 0, "a temperature is positive")
    self.logits = logits
    self.targets = targets
    inverseTemperature = 1 / temperature
    let rows = logits.rows
    var logSums = [Double](repeating: 0, count: rows)
    var values = [Float](repeating: 0, count: rows)
    var entropies = [Float](repeating: 0, count: rows)
    let inverse = inverseTemperature
    logSums.withUnsafeMutableBufferPointer { logSums in
      values.withUnsafeMutableBufferPointer { values in
        entropies.withUnsafeMutableBufferPointer { entropies in
          targets.withUnsafeBufferPointer { targets in
            guard let sum = logSums.baseAddress, let value = values.baseAddress,
              let entropy = entropies.baseAddress, let target = targets.baseAddress
            else { return }
            forRows(rows, width: logits.columns) { range in
              kernel_head_forward(
                sum + range.lowerBound,
                value + range.lowerBound,
                entropy + range.lowerBound,
                logits.pointer + range.lowerBound * logits.stride,
                logits.stride,
                target + range.lowerBound,
                range.count,
                logits.columns,
                inverse
              )
            }
          }
        }
      }
    }
    self.logSums = logSums
    self.values = values
    self.entropies = entropies
  }

  /// Overwrites the logits with their gradient.
  ///
  /// - Parameters:
  ///   - dValues: the loss's derivative by each log-probability.
  ///   - dEntropies: the loss's derivative by each entropy, where it has any.
  package func backward(dValues: [Float], dEntropies: [Float]?) {
    precondition(dValues.count == logits.rows, "one derivative for each row")
    precondition(dEntropies.map { $0.count == logits.rows } ?? true, "one derivative for each row")
    let zeros = dEntropies ?? []
    targets.withUnsafeBufferPointer { targets in
      dValues.withUnsafeBufferPointer { dValues in
        zeros.withUnsafeBufferPointer { dEntropies in
          guard let target = targets.baseAddress, let dValue = dValues.baseAddress else { return }
          let dEntropy = dEntropies.isEmpty ? nil : dEntropies.baseAddress
          forRows(logits.rows, width: logits.columns) { range in
            logSums.withUnsafeBufferPointer { sums in
              entropies.withUnsafeBufferPointer { entropies in
                guard let sum = sums.baseAddress, let entropy = entropies.baseAddress else {
                  return
                }
                kernel_head_backward(
                  logits.pointer + range.lowerBound * logits.stride,
                  logits.stride,
                  sum + range.lowerBound,
                  entropy + range.lowerBound,
                  target + range.lowerBound,
                  dValue + range.lowerBound,
                  dEntropy.map { $0 + range.lowerBound },
                  range.count,
                  logits.columns,
                  inverseTemperature
                )
              }
            }
          }
        }
      }
    }
  }
}
