package import Tensors

/// Divides pairs into a training and a held-out part so that no prompt is in both.
///
/// A split by pair would put answers to one prompt, often the very same answers, on both sides and
/// measure memory instead of judgement.
package struct HeldOutSplit: Sendable, Equatable {
  /// Indices of training pairs, ascending.
  package let training: [Int]
  /// Indices of held-out pairs, ascending.
  package let heldOut: [Int]

  /// Draws the held-out prompts.
  ///
  /// - Parameters:
  ///   - dataset: the pairs.
  ///   - share: share of prompts to hold out, zero to below one; above zero at least one prompt is
  ///     held out and at least one kept, if there are two.
  ///   - generator: source of the draw.
  package init(
    _ dataset: PreferenceDataset,
    share: Double,
    using generator: inout SeededGenerator
  ) {
    let promptCount = dataset.prompts.count
    let wanted = Int((Double(promptCount) * share).rounded())
    let count = share > 0 ? min(max(wanted, 1), promptCount - 1) : 0
    let chosen = Set(generator.permutation(promptCount).prefix(count))
    training = dataset.pairs.indices.filter { !chosen.contains(dataset.pairs[$0].prompt) }
    heldOut = dataset.pairs.indices.filter { chosen.contains(dataset.pairs[$0].prompt) }
  }

  /// Takes the prompts to hold out as given.
  package init(_ dataset: PreferenceDataset, heldOutPrompts: Set<String>) {
    func isHeldOut(_ index: Int) -> Bool {
      heldOutPrompts.contains(dataset.prompts[dataset.pairs[index].prompt])
    }
    training = dataset.pairs.indices.filter { !isHeldOut($0) }
    heldOut = dataset.pairs.indices.filter { isHeldOut($0) }
  }
}
