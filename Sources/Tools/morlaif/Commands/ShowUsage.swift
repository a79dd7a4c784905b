internal import ArgumentParser
internal import Messages
internal import Operations
internal import ServiceStubs

/// `morlaif usage`.
struct ShowUsage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "usage",
    abstract: "Shows what judges were sent and cost, by run, judge and principle.",
    discussion: """
      Lost answers are requests whose end nobody knows, because a connection broke, the time ran out or the labeler \
      died; they count at the most that they may have cost.

      Example:
        morlaif usage --run mine
      """
  )

  @Option(name: .customLong("run"), help: "Only this run.")
  var runID = ""

  @Option(name: .long, help: "Only this judge, as it is named in labels.")
  var judge = ""

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let reply = try await connection.withConnections {
        try await $0.labeler.usage(UsageRequest(runID: runID, judgeID: judge))
      }
      for line in CostText.lines(reply) { try Output.line(line) }
    }
  }
}
