/// The weights of a GGUF file under Hugging Face names and layout.
struct GGUFWeights: WeightSource {
  /// The tensors by their Hugging Face names.
  private let tensors: [String: StoredTensor]
  /// The file's bytes.
  private let mapped: MappedFile
  /// Every tensor's Hugging Face name, sorted.
  let tensorNames: [String]
  /// The names of maps that the family's checkpoints keep the other way round.
  private let transposed: Set<String>
  /// What the family's checkpoints take off the weights of these norms, by name.
  private let offsets: [String: Float]

  var file: String { mapped.path }

  /// Maps the names of the file; a tensor without a counterpart is refused, because leaving it out
  /// would silently make another model.
  init(_ gguf: GGUFFile, metadata: ModelMetadata) throws(ModelFileError) {
    let family = metadata.family
    let names = family.gguf?.names ?? .gguf
    // Every layer has tensors; a count beyond that is no model and not worth listing names for.
    guard metadata.layerCount <= gguf.tensors.count else {
      throw .malformed(
        file: gguf.path,
        detail: "it has \(gguf.tensors.count) tensors for \(metadata.layerCount) layers"
      )
    }
    var counterparts: [String: (name: String, tensor: LayerTensor?)] = [:]
    for (own, other) in zip(metadata.tensors(names), metadata.tensors(family.names)) {
      counterparts[own.name] = (other.name, own.tensor)
    }
    var tensors: [String: StoredTensor] = [:]
    var transposed: Set<String> = []
    var offsets: [String: Float] = [:]
    for var tensor in gguf.tensors where tensor.storedName != ModelMetadata.rotaryDivisorsName {
      guard let (name, part) = counterparts[tensor.storedName] else {
        throw .unsupported(
          file: gguf.path,
          detail: "tensor \(tensor.storedName) has no counterpart in the \(family.name) family"
        )
      }
      // The converter interleaves the rows of Q and K for llama (rotary pairs (0,1), (2,3), …).
      if family.interleavesHeadsInGGUF, let part, !part.isBias {
        if part.module == .query { tensor.interleavedHeads = metadata.headCount }
        if part.module == .key { tensor.interleavedHeads = metadata.keyValueHeadCount }
      }
      if let heads = tensor.interleavedHeads, tensor.shape[0] % (2 * heads) != 0 {
        throw .badTensor(
          file: gguf.path,
          tensor: tensor.storedName,
          detail: "its \(tensor.shape[0]) rows are not divisible into \(heads) heads of even width"
        )
      }
      if let part, !part.isBias {
        if part.module.isNorm {
          offsets[name] = family.normOffset
        } else if family.transposesMaps && tensor.shape.count == 2 {
          transposed.insert(name)
        }
      }
      tensors[name] = tensor
    }
    self.tensors = tensors
    self.transposed = transposed
    self.offsets = offsets
    tensorNames = tensors.keys.sorted()
    mapped = gguf.mapped
  }

  func shape(of name: String) -> [Int]? {
    guard let shape = tensors[name]?.shape else { return nil }
    return transposed.contains(name) ? shape.reversed() : shape
  }

  func read(_ name: String, into values: inout MutableSpan<Float>) throws(ModelFileError) {
    guard let tensor = tensors[name] else { throw missing(name) }
    try tensor.read(from: mapped, into: &values)
    if transposed.contains(name) {
      let (rows, columns) = (tensor.shape[0], tensor.shape[1])
      let stored = (0..<values.count).map { values[$0] }
      for index in 0..<values.count {
        values[index] = stored[index % rows * columns + index / rows]
      }
    }
    if let offset = offsets[name], offset != 0 {
      for index in 0..<values.count { values[index] -= offset }
    }
  }
}
