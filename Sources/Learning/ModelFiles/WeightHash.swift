internal import Hashing

/// Names weights by their content: equal tensors give equal hashes on every machine.
package enum WeightHash {
  /// The hash of tensors, independent of their order.
  ///
  /// It covers, for each tensor sorted by name, `name`, a zero byte, the shape as decimal numbers
  /// joined by `x`, a zero byte, and the elements as little-endian binary32.
  ///
  /// - Returns: 64 lower-case hexadecimal digits.
  package static func sha256(of tensors: [NamedTensor]) -> String {
    var hash = SHA256()
    for tensor in tensors.sorted(by: { $0.name < $1.name }) {
      add(tensor.name, tensor.shape, tensor.values, to: &hash)
    }
    return hash.hexDigest()
  }

  /// The hash of all tensors of a model, read one at a time.
  ///
  /// - Throws: `ModelFileError` for a tensor that cannot be read.
  package static func sha256(of weights: any WeightSource) throws(ModelFileError) -> String {
    var hash = SHA256()
    for name in weights.tensorNames.sorted(by: <) {
      guard let shape = weights.shape(of: name) else { continue }
      add(name, shape, try weights.values(of: name), to: &hash)
    }
    return hash.hexDigest()
  }

  /// The hash of a file's bytes.
  ///
  /// - Throws: `ModelFileError.unreadable`.
  package static func sha256(ofFile path: String) throws(ModelFileError) -> String {
    let file = try MappedFile(path: path)
    var hash = SHA256()
    hash.update(file.bytes)
    return hash.hexDigest()
  }

  private static func add(
    _ name: String,
    _ shape: [Int],
    _ values: [Float],
    to hash: inout SHA256
  ) {
    hash.update(name + "\0" + shape.map(String.init).joined(separator: "x") + "\0")
    if UInt32(1).littleEndian == 1 {
      values.withUnsafeBytes { hash.update($0) }
    } else {
      values.map(\.bitPattern.littleEndian).withUnsafeBytes { hash.update($0) }
    }
  }
}

extension SHA256 {
  /// Adds memory as it lies.
  fileprivate mutating func update(_ bytes: UnsafeRawBufferPointer) {
    bytes.withMemoryRebound(to: UInt8.self) { update($0.span) }
  }
}
