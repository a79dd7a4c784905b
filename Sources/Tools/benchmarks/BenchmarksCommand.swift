internal import ArgumentParser

/// Measures how fast the parts of MORLAIF are on this machine, each beside the floor it stands on.
///
/// Each benchmark is a subcommand in a folder of its own.
@main
struct BenchmarksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmarks",
    abstract: "Measures speed on this machine; build with -c release.",
    subcommands: [
      RPCBenchmark.self, ModelBenchmark.self, PolicyStepBenchmark.self, RPCBenchmarkServer.self,
    ]
  )
}
