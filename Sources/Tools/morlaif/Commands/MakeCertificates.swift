internal import ArgumentParser
internal import Certificates
internal import Foundation
internal import JSON
internal import Operations
internal import RunReports

/// `morlaif certificates`.
struct MakeCertificates: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificates",
    abstract: "Makes a private authority and a certificate for each service and for clients.",
    discussion: """
      Files are ca.pem, ca.key and NAME.pem, NAME.key for labeler, preference-model, scalarizer, policy-trainer and \
      client. What is valid is kept. Keep ca.key away from machines that only run services.

      Examples:
        morlaif certificates --directory certificates
        morlaif certificates --directory certificates --host trainer.example.org --host 10.0.0.7
        morlaif certificates --directory certificates --client alice
        morlaif certificates --directory certificates --renew
      """
  )

  @Option(name: .long, help: ArgumentHelp("Folder for the files.", valueName: "folder"))
  var directory: String

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp(
      "Name or address under which services are reached, besides localhost; may be repeated.",
      valueName: "host"
    )
  )
  var host: [String] = []

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp(
      "Name of a client besides 'client', for access rules; may be repeated.",
      valueName: "name"
    )
  )
  var client: [String] = []

  @Flag(
    name: .long,
    help:
      "Make certificates and keys anew under the same authority; running services take them over."
  )
  var renew = false

  @Flag(name: .long, help: "Make everything anew; old certificates are refused from then on.")
  var force = false

  @Flag(name: .long, help: "Print JSON.")
  var json = false

  @Flag(name: .long, help: "Say nothing when all went well.")
  var quiet = false

  func run() async throws {
    try await Diagnostics.report {
      let folder = CertificateFolder(
        directory: directory,
        now: Int(Date().timeIntervalSince1970)
      )
      let outcomes: [(name: String, outcome: CertificateFolder.Outcome)]
      do throws(CertificatesError) {
        outcomes = try folder.issue(
          hosts: host,
          clients: client,
          renew: renew,
          force: force
        )
      } catch {
        switch error {
        case .host, .client: throw OperationsError.input(error.description)
        default: throw OperationsError.failed(error.description)
        }
      }
      if json {
        let members = outcomes.map { JSONMember($0.name, .string($0.outcome.rawValue)) }
        try Output.line(JSONValue.object(members).line)
      } else if !quiet {
        for (name, outcome) in outcomes {
          try Output.line("\(outcome.rawValue)  \(directory)/\(name).pem")
        }
      }
    }
  }
}
