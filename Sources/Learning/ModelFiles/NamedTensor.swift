/// A tensor in memory with its name: what is written to files and hashed.
package struct NamedTensor: Sendable, Equatable {
  /// The name, in the convention of the file it goes to.
  package var name: String
  /// The shape, outermost dimension first.
  package var shape: [Int]
  /// The elements, row-major; as many as the shape says.
  package var values: [Float]

  /// Makes a named tensor.
  package init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}
