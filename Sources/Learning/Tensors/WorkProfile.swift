internal import Synchronization

/// A kind of numerical work that a profile tells apart.
package enum WorkKind: String, Sendable, CaseIterable {
  /// Rows of the embedding tables, looked up or added to.
  case embedding
  /// Norms, forward and backward.
  case norm
  /// Products with the weights of queries, keys and values.
  case queryKeyValue = "q, k, v"
  /// Rotary positions.
  case rotary
  /// Scores, softmax and weighted sums of attention.
  case attention
  /// Products with the weights of the attention's output.
  case output
  /// Products with the weights of gate and up.
  case gateUp = "gate, up"
  /// What stands between the feed-forward layer's products.
  case activation
  /// Products with the weights of the feed-forward layer's output.
  case down
  /// Products with an adapter's matrices.
  case adapter
  /// Copies of the residual stream, biases and sums over rows.
  case copies
  /// Products with the weights of the language-model head.
  case head
  /// Softmax and log-probabilities of the head's logits.
  case headSoftmax = "head softmax"
  /// Products that make gradients of weights.
  case weightGradient = "weight gradients"
  /// Packing of weights for products.
  case packing
  /// Norms of gradients, clearing, and the optimiser's updates.
  case optimiser
}

/// Where the time of numerical work goes: seconds and operations by kind.
///
/// Whoever wants to know binds `current` around the work; without one nothing is measured and each
/// piece of work costs a comparison more.
package final class WorkProfile: Sendable {
  /// The profile that work started in this scope adds to.
  @TaskLocal package static var current: WorkProfile?

  /// What one kind of work has taken.
  package struct Entry: Sendable, Equatable {
    /// Seconds on the clock, of all threads together divided by their number.
    package var seconds = 0.0
    /// Multiplications and additions of products.
    package var operations = 0
    /// Pieces of work.
    package var count = 0
  }

  private let entries = Mutex<[WorkKind: Entry]>([:])

  /// Starts with nothing.
  package init() {}

  /// Everything so far.
  package var snapshot: [WorkKind: Entry] { entries.withLock { $0 } }

  /// Runs a piece of work and adds what it took.
  ///
  /// - Parameters:
  ///   - kind: what it is.
  ///   - operations: multiplications and additions of its products.
  ///   - body: the work; inside `Threads.forEach` it counts for one thread, else for all.
  /// - Returns: What `body` returns.
  func measure<R>(_ kind: WorkKind, operations: Int, _ body: () -> R) -> R {
    let start = ContinuousClock.now
    let result = body()
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let seconds = Threads.isNested ? elapsed / Double(Threads.count) : elapsed
    entries.withLock {
      $0[kind, default: Entry()].seconds += seconds
      $0[kind, default: Entry()].operations += operations
      $0[kind, default: Entry()].count += 1
    }
    return result
  }
}

extension WorkProfile? {
  /// Runs a piece of work, measured where there is a profile.
  package func measure<R>(_ kind: WorkKind, operations: Int = 0, _ body: () -> R) -> R {
    guard let self else { return body() }
    return self.measure(kind, operations: operations, body)
  }
}
