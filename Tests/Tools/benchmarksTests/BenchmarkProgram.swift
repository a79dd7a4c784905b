import Foundation

/// The program under test, built beside the tests.
enum BenchmarkProgram {
  static let path =
    URL(
      fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        ?? CommandLine.arguments[0]
    ).deletingLastPathComponent().appendingPathComponent("benchmarks").path
}
