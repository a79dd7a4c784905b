/// A set of named weight tensors, read one at a time as 32-bit floats.
///
/// Names and layouts are those of the family's Hugging Face checkpoints whatever the file is: a linear
/// map is `[out, in]` row-major (`[in, out]` in GPT-2), and the rows of Q and K are in the half-split
/// rotary order.
package protocol WeightSource: Sendable {
  /// The file or folder the weights come from, for messages.
  var file: String { get }

  /// Every tensor's name, sorted.
  var tensorNames: [String] { get }

  /// The shape of a tensor, outermost dimension first; `nil` when there is none of that name.
  func shape(of name: String) -> [Int]?

  /// Decodes a tensor into `values`, which must have exactly its element count.
  ///
  /// - Throws: `ModelFileError.badTensor` for an unknown name or a value that is not finite.
  func read(_ name: String, into values: inout MutableSpan<Float>) throws(ModelFileError)
}

extension WeightSource {
  /// The number of elements of a tensor.
  ///
  /// - Throws: `ModelFileError.badTensor` for an unknown name.
  package func elementCount(of name: String) throws(ModelFileError) -> Int {
    guard let shape = shape(of: name) else { throw missing(name) }
    // Products were checked for overflow when the file was opened.
    return shape.reduce(1, *)
  }

  /// Decodes a tensor into a new array, row-major.
  ///
  /// - Throws: `ModelFileError.badTensor` for an unknown name or a value that is not finite.
  package func values(of name: String) throws(ModelFileError) -> [Float] {
    let count = try elementCount(of: name)
    var failure: ModelFileError?
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      initialized = count
      var span = buffer.mutableSpan
      do throws(ModelFileError) {
        try read(name, into: &span)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }

  /// The error for a name that is not in the file.
  func missing(_ name: String) -> ModelFileError {
    .badTensor(file: file, tensor: name, detail: "there is no tensor of this name")
  }
}
