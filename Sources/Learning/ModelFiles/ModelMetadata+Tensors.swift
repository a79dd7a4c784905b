extension ModelMetadata {
  /// The tensors a model of this shape needs, with their shapes, in the order of the forward pass.
  package var expectedShapes: [(name: String, shape: [Int])] {
    var shapes: [(name: String, shape: [Int])] = [
      ("model.embed_tokens.weight", [vocabularySize, width])
    ]
    let queryWidth = headCount * headWidth
    let keyWidth = keyValueHeadCount * headWidth
    for layer in 0..<layerCount {
      let prefix = "model.layers.\(layer)."
      shapes += [
        (prefix + "input_layernorm.weight", [width]),
        (prefix + "self_attn.q_proj.weight", [queryWidth, width]),
        (prefix + "self_attn.k_proj.weight", [keyWidth, width]),
        (prefix + "self_attn.v_proj.weight", [keyWidth, width]),
        (prefix + "self_attn.o_proj.weight", [width, queryWidth]),
        (prefix + "post_attention_layernorm.weight", [width]),
        (prefix + "mlp.gate_proj.weight", [feedForwardWidth, width]),
        (prefix + "mlp.up_proj.weight", [feedForwardWidth, width]),
        (prefix + "mlp.down_proj.weight", [width, feedForwardWidth]),
      ]
    }
    shapes.append(("model.norm.weight", [width]))
    if !tiesEmbeddings { shapes.append(("lm_head.weight", [vocabularySize, width])) }
    return shapes
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
    guard headWidth % 2 == 0 else {
      throw .malformed(file: file, detail: "the width of a head, \(headWidth), is odd")
    }
    guard ropeTheta.isFinite, ropeTheta > 0, rmsNormEpsilon.isFinite, rmsNormEpsilon >= 0 else {
      throw .malformed(
        file: file,
        detail: "the rotary base \(ropeTheta) or the RMS epsilon \(rmsNormEpsilon) makes no sense"
      )
    }
    for id in [bosTokenID, padTokenID].compactMap({ $0 }) + eosTokenIDs
    where id < 0 || Int(id) >= vocabularySize {
      throw .malformed(file: file, detail: "the special token id \(id) is outside the vocabulary")
    }
  }
}
