internal import ArgumentParser
internal import Messages
internal import Operations
internal import ServiceStubs

/// `morlaif statistics`.
struct ShowStatistics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statistics",
    abstract: "Shows how far judges can be trusted: swaps, lengths, places, agreement.",
    discussion: """
      consistent: labels whose two orders agreed. longer: of labels that prefer an answer, those that prefer the \
      longer one. first: mean probability of the answer shown first; 50 % without a favourite place. kappa: agreement \
      of two judges beyond chance; people and members of panels are judges too.

      Example:
        morlaif statistics --dataset mine
      """
  )

  @Option(name: .long, help: "The dataset.")
  var dataset: String

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let reply = try await connection.withConnections {
        try await $0.labeler.statistics(StatisticsRequest(datasetID: dataset))
      }
      for line in StatisticsText.lines(reply) { try Output.line(line) }
    }
  }
}
