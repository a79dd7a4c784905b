/// A LoRA adapter in PEFT's layout: a description and named matrices.
///
/// Names are PEFT's (PEERS 2.8): `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`
/// of shape [rank, in], `…lora_B.weight` of shape [out, rank], and `base_model.model.score.weight`
/// of shape [1, width] for a scoring head.
package struct StoredAdapter: Sendable, Equatable {
  /// What the adapter is.
  package var description: AdapterDescription
  /// Its matrices, sorted by name.
  package var tensors: [NamedTensor]

  /// The name of a scoring head's weight.
  package static let scoreName = "base_model.model.score.weight"

  /// Makes an adapter.
  package init(description: AdapterDescription, tensors: [NamedTensor]) {
    self.description = description
    self.tensors = tensors.sorted { $0.name < $1.name }
  }

  /// The matrix of a name.
  package subscript(name: String) -> NamedTensor? { tensors.first { $0.name == name } }

  /// The name that PEFT gives a matrix.
  ///
  /// - Parameters:
  ///   - layer: the layer's number.
  ///   - module: the map within the layer, such as `self_attn.q_proj`.
  ///   - matrix: `A` or `B`.
  /// - Returns: the key in `adapter_model.safetensors`.
  package static func key(layer: Int, module: String, matrix: String) -> String {
    "base_model.model.model.layers.\(layer).\(module).lora_\(matrix).weight"
  }

  /// Refuses matrices that do not come in pairs of one rank, or a head where none belongs.
  func check(file: String) throws(ModelFileError) {
    guard description.rank > 0, description.alpha.isFinite else {
      throw .malformed(
        file: file,
        detail: "rank \(description.rank) or alpha \(description.alpha) makes no sense"
      )
    }
    var names: Set<String> = []
    for tensor in tensors { names.insert(tensor.name) }
    guard names.count == tensors.count else {
      throw .malformed(file: file, detail: "two matrices have the same name")
    }
    var pairCount = 0
    for tensor in tensors {
      guard let (prefix, matrix) = Self.split(tensor.name) else {
        try checkHead(tensor, file: file)
        continue
      }
      let rankAxis = matrix == "A" ? 0 : 1
      guard tensor.shape.count == 2, tensor.shape[rankAxis] == description.rank else {
        throw .badTensor(
          file: file,
          tensor: tensor.name,
          detail: "its shape \(tensor.shape) does not fit the rank \(description.rank)"
        )
      }
      let partner = prefix + (matrix == "A" ? "B" : "A") + ".weight"
      guard names.contains(partner) else {
        throw .badTensor(file: file, tensor: partner, detail: "it is missing")
      }
      pairCount += 1
    }
    guard pairCount > 0 else {
      throw .malformed(file: file, detail: "it holds no pair of lora_A and lora_B")
    }
    if description.task == .sequenceClassification, !names.contains(Self.scoreName) {
      throw .badTensor(file: file, tensor: Self.scoreName, detail: "it is missing")
    }
  }

  private func checkHead(_ tensor: NamedTensor, file: String) throws(ModelFileError) {
    guard description.task == .sequenceClassification,
      tensor.name.hasPrefix("base_model.model.score.")
    else {
      throw .badTensor(
        file: file,
        tensor: tensor.name,
        detail: "it is neither lora_A, lora_B nor a scoring head"
      )
    }
  }

  /// Splits `….lora_A.weight` into what is before the letter and the letter.
  static func split(_ name: String) -> (prefix: String, matrix: String)? {
    for matrix in ["A", "B"] {
      let suffix = ".lora_\(matrix).weight"
      if name.hasSuffix(suffix) {
        return (String(name.dropLast(suffix.count)) + ".lora_", matrix)
      }
    }
    return nil
  }
}
