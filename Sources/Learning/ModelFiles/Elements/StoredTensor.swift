internal import Dispatch

/// Where one tensor lies in a mapped file and how to decode it.
struct StoredTensor: Sendable, Equatable {
  /// The tensor's name in the file.
  var storedName: String
  /// How its elements are encoded.
  var type: ElementType
  /// Its shape, outermost dimension first.
  var shape: [Int]
  /// The number of its elements: the product of the shape.
  var elementCount: Int
  /// The first byte in the file.
  var byteOffset: Int
  /// The number of bytes in the file.
  var byteCount: Int
  /// The heads whose rows are to be put from interleaved into half-split rotary order, if any.
  var interleavedHeads: Int?

  /// Decodes the tensor; the range was checked against the file when it was opened.
  ///
  /// Big tensors are decoded by all cores, in pieces that are large enough to be worth it.
  func read(from file: MappedFile, into values: inout MutableSpan<Float>) throws(ModelFileError) {
    guard values.count == elementCount else {
      throw .badTensor(
        file: file.path,
        tensor: storedName,
        detail: "it has \(elementCount) elements, but room was given for \(values.count)"
      )
    }
    guard elementCount > 0, let base = file.bytes.baseAddress else { return }
    let allFinite = values.withUnsafeMutableBufferPointer { target in
      target.baseAddress.map { decode(from: base + byteOffset, into: $0) } ?? true
    }
    guard allFinite else {
      throw .badTensor(
        file: file.path,
        tensor: storedName,
        detail: "it holds a value that is not finite"
      )
    }
  }

  private func decode(
    from source: UnsafeRawPointer,
    into target: UnsafeMutablePointer<Float>
  ) -> Bool {
    // A row is a whole number of blocks, so rows can be decoded apart.
    let rows = shape.count > 1 ? shape[0] : 1
    let rowElements = elementCount / rows
    let rowBytes = byteCount / rows
    let pieces = min(rows, max(1, elementCount / (1 << 18)))
    // Each piece writes its own flag; SAFETY: pieces touch disjoint rows of `target` and `source`
    // is read-only.
    nonisolated(unsafe) let source = source
    nonisolated(unsafe) let target = target
    return withUnsafeTemporaryAllocation(of: Bool.self, capacity: pieces) { flags in
      flags.initialize(repeating: true)
      nonisolated(unsafe) let flags = flags
      DispatchQueue.concurrentPerform(iterations: pieces) { piece in
        let first = rows * piece / pieces
        let last = rows * (piece + 1) / pieces
        guard interleavedHeads != nil else {
          flags[piece] = ElementDecoder.decode(
            type,
            from: source + first * rowBytes,
            count: (last - first) * rowElements,
            into: target + first * rowElements
          )
          return
        }
        var isFinite = true
        for row in first..<last {
          let decoded = ElementDecoder.decode(
            type,
            from: source + storedRow(for: row, of: rows) * rowBytes,
            count: rowElements,
            into: target + row * rowElements
          )
          isFinite = isFinite && decoded
        }
        flags[piece] = isFinite
      }
      return flags.allSatisfy { $0 }
    }
  }

  /// The row of the file that belongs at `row` in half-split order.
  ///
  /// Llama GGUF files interleave the two halves of each head: file row `2j + h` of a head is row
  /// `h * width/2 + j` of the Hugging Face checkpoint.
  private func storedRow(for row: Int, of rows: Int) -> Int {
    guard let heads = interleavedHeads else { return row }
    let headWidth = rows / heads
    let (head, inner) = row.quotientAndRemainder(dividingBy: headWidth)
    let (half, pair) = inner.quotientAndRemainder(dividingBy: headWidth / 2)
    return head * headWidth + 2 * pair + half
  }
}
