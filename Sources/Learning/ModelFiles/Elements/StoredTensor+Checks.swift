extension StoredTensor {
  /// Describes a tensor whose size in bytes follows from its shape.
  init(
    name: String,
    type: ElementType,
    shape: [Int],
    byteOffset: Int,
    file: String
  ) throws(ModelFileError) {
    var elements = 1
    for size in shape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw .badTensor(file: file, tensor: name, detail: "its shape \(shape) is absurdly large")
      }
      elements = product
    }
    guard let bytes = type.byteCount(elements: elements) else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "its shape \(shape) is absurdly large or no whole number of blocks"
      )
    }
    self.init(
      storedName: name,
      type: type,
      shape: shape,
      elementCount: elements,
      byteOffset: byteOffset,
      byteCount: bytes,
      interleavedHeads: nil
    )
  }

  /// Refuses tensors that reach outside `range` or lie over each other.
  static func checkPlacement(
    of tensors: [StoredTensor],
    within range: Range<Int>,
    file: String
  ) throws(ModelFileError) {
    var previous: (name: String, end: Int)?
    for tensor in tensors.sorted(by: {
      ($0.byteOffset, $0.byteCount) < ($1.byteOffset, $1.byteCount)
    }) {
      let (end, overflow) = tensor.byteOffset.addingReportingOverflow(tensor.byteCount)
      guard !overflow, tensor.byteOffset >= range.lowerBound, end <= range.upperBound else {
        throw .badTensor(
          file: file,
          tensor: tensor.storedName,
          detail: """
            its \(tensor.byteCount) bytes at \(tensor.byteOffset) reach beyond \
            the file's \(range.upperBound); is the file truncated?
            """
        )
      }
      if let previous, tensor.byteOffset < previous.end, tensor.byteCount > 0 {
        throw .badTensor(
          file: file,
          tensor: tensor.storedName,
          detail: "it lies over tensor \(previous.name)"
        )
      }
      previous = (tensor.storedName, end)
    }
  }
}
