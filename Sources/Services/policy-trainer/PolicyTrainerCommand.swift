internal import ArgumentParser
internal import Foundation
internal import PolicyTrainerService
internal import ServiceKit

/// The policy-trainer service.
@main
struct PolicyTrainerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: PolicyTrainerDefinition.name,
    abstract:
      "Trains a policy by PPO on rewards from the preference-model and scalarizer services.",
    version: ProjectVersion.text
  )

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let status = await ServiceRunner<PolicyTrainerDefinition>(
      options: options,
      environment: ProcessInfo.processInfo.environment
    ).run()
    throw ExitCode(status.rawValue)
  }
}
