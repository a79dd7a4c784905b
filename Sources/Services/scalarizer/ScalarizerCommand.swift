internal import ArgumentParser
internal import Foundation
internal import ScalarizerService
internal import ServiceKit

/// The scalarizer service.
@main
struct ScalarizerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: ScalarizerDefinition.name,
    abstract: "Turns the scores of several principles into one reward, by a versioned function.",
    version: ProjectVersion.text
  )

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let status = await ServiceRunner<ScalarizerDefinition>(
      options: options,
      environment: ProcessInfo.processInfo.environment
    ).run()
    throw ExitCode(status.rawValue)
  }
}
