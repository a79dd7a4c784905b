internal import ArgumentParser
internal import Operations

/// `morlaif down`.
struct Down: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stops the services that 'up' started.",
    discussion: """
      Asks each to end (SIGTERM) and waits: calls in flight are finished and a training writes a checkpoint.

      Examples:
        morlaif down
        morlaif down policy-trainer
      """
  )

  @Argument(help: ArgumentHelp("Which services; all when none is named.", valueName: "service"))
  var services: [String] = []

  @Flag(name: .long, help: "End those that take longer than a minute.")
  var force = false

  @Flag(name: .long, help: "Say nothing when all went well.")
  var quiet = false

  @OptionGroup var place: StateOptions

  func run() async throws {
    try await Diagnostics.report {
      let names = try ServiceChoice.names(services)
      let local = ServiceChoice.local(place, configuration: "", model: nil)
      try await local.stop(names, force: force) { name, outcome in
        guard !quiet else { return }
        Output.note("\(name.rawValue): \(outcome == .stopped ? "stopped" : "was not running")")
      }
    }
  }
}
