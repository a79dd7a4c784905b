internal import ArgumentParser
internal import JSON
internal import Operations
internal import RunReports

/// `morlaif status`.
struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows whether the services answer, since when and with how much memory.",
    discussion: """
      The exit code is 0 when every service asked for is serving, 69 otherwise.

      Examples:
        morlaif status
        morlaif status --json | jq -r 'select(.health != "serving") | .service'
      """
  )

  @Argument(help: ArgumentHelp("Which services; all when none is named.", valueName: "service"))
  var services: [String] = []

  @Flag(name: .long, help: "Print a JSON line for each service.")
  var json = false

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let names = try ServiceChoice.names(services)
      let endpoints = try connection.place.stateFolder.endpoints(changedBy: connection.endpoint)
      _ = try connection.place.clientCertificates()
      let local = ServiceChoice.local(connection.place, configuration: "", model: nil)
      var statuses: [ServiceStatus] = []
      for name in names {
        guard let endpoint = endpoints[name] else { continue }
        statuses.append(await local.status(name, endpoint: endpoint))
      }
      if json {
        for status in statuses { try Output.line(status.json.line) }
      } else {
        try Output.table(
          TextTable(
            header: ServiceStatus.columns,
            rows: statuses.map(\.cells),
            rightAligned: [4, 5, 6]
          )
        )
        for status in statuses where !status.isServing && !status.detail.isEmpty {
          Output.note("\(status.name.rawValue): \(status.detail)")
        }
      }
      if !statuses.allSatisfy(\.isServing) { throw ExitCode(69) }
    }
  }
}
