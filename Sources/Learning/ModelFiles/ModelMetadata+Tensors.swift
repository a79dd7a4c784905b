extension ModelMetadata {
  /// The tensors a model of this shape needs, with their shapes, in the order of the forward pass.
  package var expectedShapes: [(name: String, shape: [Int])] {
    tensors(family.names).map { ($0.name, $0.shape) }
  }

  /// The tensors of a model of this shape by the names of some kind of checkpoint, with the shapes
  /// and the order of Hugging Face's.
  func tensors(
    _ names: TensorNames
  ) -> [(name: String, shape: [Int], tensor: LayerTensor?)] {
    var tensors: [(name: String, shape: [Int], tensor: LayerTensor?)] = [
      (names.embedding + ".weight", [vocabularySize, width], nil)
    ]
    if traits.learnsPositions {
      tensors.append((names.positions + ".weight", [contextLength, width], nil))
    }
    for layer in 0..<layerCount {
      for tensor in family.layerTensors(traits) {
        tensors.append((names.layer(layer, tensor), shape(of: tensor), tensor))
      }
    }
    tensors.append((names.finalNorm + ".weight", [width], LayerTensor(.inputNorm)))
    if traits.norm == .layer {
      tensors.append((names.finalNorm + ".bias", [width], LayerTensor(.inputNorm, isBias: true)))
    }
    if !tiesEmbeddings { tensors.append((names.head + ".weight", [vocabularySize, width], nil)) }
    return tensors
  }

  private func shape(of tensor: LayerTensor) -> [Int] {
    let (inputs, outputs) = widths.ends(of: tensor.module)
    if tensor.isBias || tensor.module.isNorm { return [outputs] }
    return family.transposesMaps ? [inputs, outputs] : [outputs, inputs]
  }

  /// Refuses weights that lack a tensor or have one of another shape.
  func check(_ weights: any WeightSource) throws(ModelFileError) {
    for (name, expected) in expectedShapes {
      guard let shape = weights.shape(of: name) else { throw weights.missing(name) }
      guard shape == expected else {
        throw .badTensor(
          file: weights.file,
          tensor: name,
          detail: "its shape is \(shape), but the model's configuration asks for \(expected)"
        )
      }
    }
  }

  /// Refuses sizes that no model has, before anything is multiplied or allocated.
  ///
  /// The bounds are generous (the largest Llama is far inside) and keep every product of two sizes
  /// within a 64-bit integer.
  func check(file: String) throws(ModelFileError) {
    let sizes: [(String, Int, Int)] = [
      ("the number of layers", layerCount, 10_000), ("the width", width, 1 << 24),
      ("the number of heads", headCount, 1 << 16),
      ("the number of key-value heads", keyValueHeadCount, 1 << 16),
      ("the width of a head", headWidth, 1 << 16),
      ("the feed-forward width", feedForwardWidth, 1 << 26),
      ("the vocabulary size", vocabularySize, 1 << 26),
      ("the context length", contextLength, 1 << 40),
    ]
    for (what, size, limit) in sizes where size < 1 || size > limit {
      throw .malformed(file: file, detail: "\(what) is \(size), not within 1 to \(limit)")
    }
    guard headCount % keyValueHeadCount == 0 else {
      throw .malformed(
        file: file,
        detail: "\(headCount) heads cannot share \(keyValueHeadCount) key-value heads"
      )
    }
    guard traits.learnsPositions || headWidth % 2 == 0 else {
      throw .malformed(file: file, detail: "the width of a head, \(headWidth), is odd")
    }
    guard normEpsilon.isFinite, normEpsilon >= 0 else {
      throw .malformed(
        file: file,
        detail: "the epsilon of the norms, \(normEpsilon), makes no sense"
      )
    }
    try checkTraits(file: file)
    for id in [bosTokenID, padTokenID].compactMap({ $0 }) + eosTokenIDs
    where id < 0 || Int(id) >= vocabularySize {
      throw .malformed(file: file, detail: "the special token id \(id) is outside the vocabulary")
    }
  }

  /// Refuses numbers of single traits that no model has.
  private func checkTraits(file: String) throws(ModelFileError) {
    for base in [ropeTheta, traits.localRotaryBase ?? 1] where !base.isFinite || base <= 0 {
      throw .malformed(file: file, detail: "the rotary base \(base) makes no sense")
    }
    guard traits.rotaryScaling.isValid(headWidth: headWidth) else {
      throw .malformed(
        file: file,
        detail:
          "the rotary scaling \(traits.rotaryScaling) makes no sense for heads of \(headWidth)"
      )
    }
    if let window = traits.slidingWindow, window < 1 {
      throw .malformed(file: file, detail: "the sliding window is \(window), not at least 1")
    }
    for (what, scale) in [
      ("embedding", traits.embeddingScale ?? 1), ("attention", traits.attentionScale ?? 1),
    ] where !scale.isFinite || scale <= 0 {
      throw .malformed(file: file, detail: "the \(what) scale \(scale) makes no sense")
    }
  }
}
