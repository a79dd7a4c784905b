package import Tensors

/// Log-probabilities of chosen targets and the entropies of their distributions, in nats.
package struct TokenLogProbabilities: Sendable, Equatable {
  /// The log-probability of each row's target.
  package var values: [Float]
  /// The entropy of each row's distribution.
  package var entropies: [Float]

  /// Puts results together.
  package init(values: [Float], entropies: [Float]) {
    self.values = values
    self.entropies = entropies
  }
}

/// What a loss says of some rows' log-probabilities and entropies.
package struct LogProbabilityGradient: Sendable {
  /// The loss's derivative by each log-probability.
  package var logProbabilities: [Float]
  /// The loss's derivative by each entropy; `nil` where the loss has no entropy in it.
  package var entropies: [Float]?

  /// Makes a gradient.
  package init(logProbabilities: [Float], entropies: [Float]? = nil) {
    self.logProbabilities = logProbabilities
    self.entropies = entropies
  }
}

/// What `logProbabilityGradient` computes.
package struct LogProbabilityPass: Sendable {
  /// The log-probabilities and entropies of all rows.
  package let result: TokenLogProbabilities
  /// The gradient of the hidden states: (rows, width).
  package let gradient: Matrix
}

extension LanguageModel {
  /// Rows whose logits exist at one time: enough for fast products, little enough for memory.
  private static let chunkRows = 256

  /// The log-probabilities of targets under `softmax(hidden * head^T / temperature)`.
  ///
  /// - Parameters:
  ///   - hidden: (rows, width), final-normed.
  ///   - targets: a token for each row; one outside the vocabulary counts as log-probability 0.
  ///   - temperature: divides the logits; positive.
  /// - Returns: A log-probability and an entropy for each row.
  package func logProbabilities(
    _ hidden: Matrix,
    targets: [Int32],
    temperature: Float = 1
  ) -> TokenLogProbabilities {
    var result = TokenLogProbabilities(values: [], entropies: [])
    forEachChunk(hidden, targets, temperature) { _, chunk in
      result.values += chunk.values
      result.entropies += chunk.entropies
    }
    return result
  }

  /// Log-probabilities and, from a loss on them, the gradient of the hidden states; the logits are
  /// computed only once.
  ///
  /// - Parameters:
  ///   - hidden: (rows, width), final-normed.
  ///   - targets: a token for each row; a row whose token is outside the vocabulary gets no
  ///     gradient from its log-probability.
  ///   - temperature: divides the logits; positive.
  ///   - loss: called once for each chunk of rows, in order, on the calling thread, with the
  ///     chunk's rows, log-probabilities and entropies; returns the loss's derivatives.
  /// - Returns: The log-probabilities and the gradient.
  package func logProbabilityGradient(
    _ hidden: Matrix,
    targets: [Int32],
    temperature: Float = 1,
    loss: (_ rows: Range<Int>, _ values: [Float], _ entropies: [Float]) -> LogProbabilityGradient
  ) -> LogProbabilityPass {
    logProbabilityGradient(hidden, targets, temperature, dHead: nil, loss: loss)
  }

  /// Computes the same and adds the gradient of the head's weights, which are the embeddings where
  /// the model ties them.
  ///
  /// - Parameters:
  ///   - hidden: as above.
  ///   - targets: as above.
  ///   - temperature: as above.
  ///   - weights: named and shaped like `parameters`.
  ///   - loss: as above.
  /// - Returns: The log-probabilities and the gradient of the hidden states.
  package func logProbabilityGradient(
    _ hidden: Matrix,
    targets: [Int32],
    temperature: Float = 1,
    addingWeightsTo weights: inout ParameterSet,
    loss: (_ rows: Range<Int>, _ values: [Float], _ entropies: [Float]) -> LogProbabilityGradient
  ) -> LogProbabilityPass {
    let name = untiedHead == nil ? WeightName.embedding : .head
    guard let position = weights.position(of: name.text) else {
      preconditionFailure("the gradients have no \(name.text)")
    }
    return weights.update(position) { matrix in
      let dHead = matrix.writableTile()
      return logProbabilityGradient(hidden, targets, temperature, dHead: dHead, loss: loss)
    }
  }

  private func logProbabilityGradient(
    _ hidden: Matrix,
    _ targets: [Int32],
    _ temperature: Float,
    dHead: Tile?,
    loss: (_ rows: Range<Int>, _ values: [Float], _ entropies: [Float]) -> LogProbabilityGradient
  ) -> LogProbabilityPass {
    var result = TokenLogProbabilities(values: [], entropies: [])
    let profile = WorkProfile.current
    let gradient = Tile(rows: hidden.rows, columns: hidden.columns)
    forEachChunk(hidden, targets, temperature) { rows, chunk in
      result.values += chunk.values
      result.entropies += chunk.entropies
      let derivatives = loss(rows, chunk.values, chunk.entropies)
      profile.measure(.headSoftmax) {
        chunk.backward(dValues: derivatives.logProbabilities, dEntropies: derivatives.entropies)
      }
      let operations = head.operations(rows: rows.count)
      profile.measure(.head, operations: operations) {
        head.multiplyTransposed(chunk.logits, into: gradient.rows(rows))
      }
      guard let dHead else { return }
      profile.measure(.weightGradient, operations: operations) {
        multiply(transposed: chunk.logits, hidden.tile.rows(rows), into: dHead, beta: 1)
      }
    }
    return LogProbabilityPass(result: result, gradient: Matrix(takingOwnership: gradient))
  }

  /// The logits of one row's next token, for judges that read them: (1, vocabulary) values.
  package func logits(_ hidden: Matrix, row: Int) -> [Float] {
    let logits = Tile(rows: 1, columns: configuration.vocabularySize)
    head.multiply(hidden.tile.rows(row..<row + 1), into: logits)
    return Matrix(takingOwnership: logits).values
  }

  private func forEachChunk(
    _ hidden: Matrix,
    _ targets: [Int32],
    _ temperature: Float,
    _ body: (Range<Int>, CategoricalRows) -> Void
  ) {
    precondition(hidden.rows == targets.count, "one target for each row")
    precondition(hidden.columns == configuration.width, "hidden states of another width")
    let profile = WorkProfile.current
    let memory = Tile(
      rows: min(Self.chunkRows, hidden.rows),
      columns: configuration.vocabularySize
    )
    for start in stride(from: 0, to: hidden.rows, by: Self.chunkRows) {
      let rows = start..<min(start + Self.chunkRows, hidden.rows)
      let logits = memory.rows(0..<rows.count)
      profile.measure(.head, operations: head.operations(rows: rows.count)) {
        head.multiply(hidden.tile.rows(rows), into: logits)
      }
      let chunk = profile.measure(.headSoftmax) {
        CategoricalRows(logits: logits, targets: Array(targets[rows]), temperature: temperature)
      }
      body(rows, chunk)
    }
  }
}
