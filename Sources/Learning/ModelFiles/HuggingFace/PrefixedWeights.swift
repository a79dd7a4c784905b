/// The weights of a checkpoint that leaves out the beginning of every name, as GPT-2's own does.
struct PrefixedWeights: WeightSource {
  let base: any WeightSource
  /// What the names of the family begin with and those of the file do not.
  let prefix: String

  var file: String { base.file }

  var tensorNames: [String] { base.tensorNames.map { prefix + $0 } }

  func shape(of name: String) -> [Int]? {
    stored(name).flatMap { base.shape(of: $0) }
  }

  func read(_ name: String, into values: inout MutableSpan<Float>) throws(ModelFileError) {
    guard let stored = stored(name) else { throw missing(name) }
    try base.read(stored, into: &values)
  }

  private func stored(_ name: String) -> String? {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }
}
