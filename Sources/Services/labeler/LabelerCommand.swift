internal import ArgumentParser
internal import Foundation
internal import LabelerService
internal import ServiceKit

/// The labeler service.
@main
struct LabelerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: LabelerDefinition.name,
    abstract: "Judges pairs of answers, one principle at a time, and keeps every judgement.",
    version: ProjectVersion.text
  )

  @OptionGroup var options: ServiceOptions

  func run() async throws {
    let status = await ServiceRunner<LabelerDefinition>(
      options: options,
      environment: ProcessInfo.processInfo.environment
    ).run()
    throw ExitCode(status.rawValue)
  }
}
