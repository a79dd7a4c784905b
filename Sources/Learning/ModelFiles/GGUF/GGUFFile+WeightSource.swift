/// The tensors as the file has them: its own names, and the rows of Q and K in its own order.
///
/// Models are read through `StoredModel`, which maps both.
extension GGUFFile: WeightSource {
  /// The path of the file.
  package var file: String { path }

  /// Every tensor's name in the file, sorted.
  package var tensorNames: [String] { tensors.map(\.storedName).sorted() }

  /// The shape of a tensor; `nil` when there is none of that name.
  package func shape(of name: String) -> [Int]? {
    tensors.first { $0.storedName == name }?.shape
  }

  /// Decodes a tensor.
  package func read(
    _ name: String,
    into values: inout MutableSpan<Float>
  ) throws(ModelFileError) {
    guard let tensor = tensors.first(where: { $0.storedName == name }) else { throw missing(name) }
    try tensor.read(from: mapped, into: &values)
  }
}
