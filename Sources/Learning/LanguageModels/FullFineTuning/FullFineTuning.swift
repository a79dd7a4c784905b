package import Tensors

/// A model of which every weight learns: embeddings, positions, maps, biases, norms and head.
///
/// Beside the weights themselves there are their gradients and AdamW's two moments, and the weights
/// once more as products read them: 20 bytes a parameter in all.
package struct FullFineTuning: Sendable {
  /// Configuration and rotary angles, and the weights that training began with.
  private let base: LanguageModel
  private var weights: ParameterSet
  /// The model of these weights, once it was asked for.
  private var current: LanguageModel?
  private var optimiser: AdamW
  /// The sums of all gradients since they were cleared, named like `LanguageModel.parameters`.
  package private(set) var gradients: ParameterSet

  /// Starts from a model's weights, which are copied at the first update.
  ///
  /// Weight decay leaves out norms, biases and embeddings.
  package init(_ base: LanguageModel, optimiser configuration: AdamW.Configuration) {
    self.base = base
    weights = base.parameters
    let decaying = base.decayingParameters
    optimiser = AdamW(weights, configuration: configuration, decays: decaying.contains)
    gradients = weights.zeros()
  }

  /// The model with the weights as they are now; whoever keeps it through an update keeps a copy of
  /// all weights.
  package var model: LanguageModel {
    mutating get {
      if let current { return current }
      let made = WorkProfile.current.measure(.packing) { LanguageModel(base, weights: weights) }
      current = made
      return made
    }
  }

  /// Sets all gradients to zero.
  package mutating func clearGradients() {
    WorkProfile.current.measure(.optimiser) { gradients.clear() }
  }

  /// Adds the gradients of a loss on hidden states.
  ///
  /// - Parameters:
  ///   - batch: checked by `PackedBatch.check(for:)`.
  ///   - rows: the rows whose hidden states the loss is of, ascending; `nil` for all.
  ///   - loss: given the model and the final-normed hidden states of the rows; adds the gradients of
  ///     the head's weights where it uses them, and returns the derivative by the hidden states.
  package mutating func accumulate(
    _ batch: PackedBatch,
    rows: [Int]? = nil,
    loss: (LanguageModel, Matrix, inout ParameterSet) -> Matrix
  ) {
    let model = model
    let pass = model.top(
      model.trunk(batch, layers: 0),
      batch,
      from: 0,
      rows: rows,
      record: true
    )
    let gradient = loss(model, pass.hidden, &gradients)
    _ = model.topBackward(pass, gradient: gradient, addingWeightsTo: &gradients)
  }

  /// Moves all weights one step against their gradients.
  ///
  /// - Parameters:
  ///   - learningRate: the learning rate of this step.
  ///   - normMax: the largest norm of all gradients together; longer ones are shortened to it.
  /// - Returns: The norm before that; where it is not finite nothing is moved.
  package mutating func update(learningRate: Double, normMax: Double = .infinity) -> Double {
    let norm = WorkProfile.current.measure(.optimiser) { gradients.norm }
    guard norm.isFinite else { return norm }
    // The weights have one owner again, so they change in place.
    current = nil
    optimiser.update(
      &weights,
      gradients: gradients,
      learningRate: learningRate,
      gradientScale: norm > normMax ? normMax / norm : 1
    )
    return norm
  }
}
