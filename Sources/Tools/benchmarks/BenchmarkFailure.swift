/// Why a benchmark could not be run.
struct BenchmarkFailure: Error, CustomStringConvertible {
  /// What went wrong, in words.
  let description: String

  /// States what went wrong.
  init(_ description: String) { self.description = description }
}
