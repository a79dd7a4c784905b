extension StoredAdapter {
  /// The same adapter with one rank and one scale, `alpha / rank`, for all maps.
  ///
  /// A pair of a lower rank gets rows and columns of zeros, which add nothing and stay zero in
  /// training; where scales differ, B takes the ratio to the largest, which becomes the adapter's.
  /// An adapter that is plain already keeps every bit.
  ///
  /// - Parameters:
  ///   - patterns: the ranks and scales of the maps.
  ///   - file: the weights, for messages.
  ///   - configuration: the configuration, for messages.
  /// - Returns: the plain adapter.
  /// - Throws: `ModelFileError.badTensor` for a matrix that does not fit its rank.
  func plain(
    _ patterns: AdapterPatterns,
    file: String,
    configuration: String
  ) throws(ModelFileError) -> StoredAdapter {
    var values: [String: (rank: Int, scale: Double)] = [:]
    for tensor in tensors {
      guard let (prefix, matrix) = Self.split(tensor.name), values[prefix] == nil else { continue }
      let path = Self.path(prefix)
      let value = try patterns.values(of: path, file: configuration)
      guard tensor.shape.count == 2, tensor.shape[matrix == "A" ? 0 : 1] == value.rank else {
        throw .badTensor(
          file: file,
          tensor: tensor.name,
          detail: "its shape \(tensor.shape) does not fit the rank \(value.rank)"
        )
      }
      values[prefix] = value
    }
    guard let rank = values.values.map(\.rank).max() else { return self }
    let scale = values.values.map(\.scale).max { abs($0) < abs($1) } ?? 0
    var plain = self
    plain.description.rank = rank
    plain.description.usesRankStabilizedScale = false
    // What is plain in the file keeps its alpha; the rest gets the one that gives the same scale.
    let isPlain =
      !patterns.usesRankStabilizedScale && rank == patterns.rank
      && scale == patterns.alpha / Double(rank)
    plain.description.alpha = isPlain ? patterns.alpha : scale * Double(rank)
    for index in tensors.indices {
      guard let (prefix, matrix) = Self.split(tensors[index].name), let value = values[prefix]
      else { continue }
      try plain.tensors[index].widen(to: rank, matrix, file: file)
      if matrix == "B", value.scale != scale {
        let ratio = Float(value.scale / scale)
        for place in plain.tensors[index].values.indices {
          plain.tensors[index].values[place] *= ratio
        }
      }
    }
    return plain
  }

  /// The path of a map in the model, from what is before `lora_A` in a matrix's name.
  private static func path(_ prefix: String) -> String {
    let start = "base_model.model."
    let inner = prefix.hasPrefix(start) ? prefix.dropFirst(start.count) : prefix[...]
    return String(inner.hasSuffix(".lora_") ? inner.dropLast(".lora_".count) : inner)
  }
}

extension NamedTensor {
  /// Appends rows (to an A) or columns (to a B) of zeros up to a rank.
  fileprivate mutating func widen(
    to rank: Int,
    _ matrix: String,
    file: String
  ) throws(ModelFileError) {
    let axis = matrix == "A" ? 0 : 1
    guard shape.count == 2, shape[axis] <= rank else {
      throw .badTensor(file: file, tensor: name, detail: "its shape \(shape) fits no rank")
    }
    guard shape[axis] < rank else { return }
    let (rows, columns) = (shape[0], shape[1])
    let width = axis == 0 ? columns : rank
    var widened = [Float](repeating: 0, count: (axis == 0 ? rank : rows) * width)
    for row in 0..<rows {
      for column in 0..<columns { widened[row * width + column] = values[row * columns + column] }
    }
    shape[axis] = rank
    values = widened
  }
}
