internal import ArgumentParser
internal import JSON
internal import Operations
internal import RunReports

/// `morlaif report`.
struct Report: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes summary and report of a finished run again, without any service.",
    discussion: """
      Everything comes from the files of the run folder, so that anybody can check the figures.

      Example:
        morlaif report runs/first
      """
  )

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "folder"))
  var folder: String

  @Flag(name: .long, help: "Print the summary as JSON instead of a table.")
  var json = false

  func run() async throws {
    try await Diagnostics.report {
      let run = try RunFolder(existing: folder)
      let recipe = try RecipeLoader(environment: Environment.all).load(path: run.recipe)
      let summary = try ReportBuilder(recipe: recipe, folder: run).write()
      if json {
        try Output.line(summary.json.pretty)
      } else {
        try SummaryText(summary).lines.forEach(Output.line)
      }
    }
  }
}
