internal import ArgumentParser
internal import Foundation
internal import PreferenceModelService
internal import ServiceKit

/// The preference-model service.
@main
struct PreferenceModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: PreferenceModelDefinition.name,
    abstract:
      "Learns one preference model for each principle from labels and scores answers with them.",
    version: ProjectVersion.text
  )

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let status = await ServiceRunner<PreferenceModelDefinition>(
      options: options,
      environment: ProcessInfo.processInfo.environment
    ).run()
    throw ExitCode(status.rawValue)
  }
}
