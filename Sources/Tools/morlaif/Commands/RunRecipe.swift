internal import ArgumentParser
internal import Foundation
internal import JSON
internal import Operations
internal import RunReports

/// `morlaif run`.
struct RunRecipe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Takes a recipe from prompts to a better policy and a report.",
    discussion: """
      Samples pairs of answers, has them labelled, trains a preference model for each principle, sets the \
      scalarizer, trains the policy, compares it with the base model on held-out prompts and writes a report.

      The output folder is the whole truth of the run. Run the same command again after anything went wrong: finished \
      steps are kept, a training that still runs is attached to, and the step that broke is done again.

      Examples:
        morlaif run compose/config/recipes/default.yaml
        morlaif run my.yaml --output runs/mine --endpoint scalarizer=10.0.0.7:7103
        morlaif run my.yaml --output runs/mine --json | jq .overall
      """
  )

  @Argument(help: ArgumentHelp("The recipe, YAML.", valueName: "recipe.yaml"))
  var recipe: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Folder of the run; one that exists is gone on with.",
      discussion: "The default is runs/NAME-TIME in the working directory.",
      valueName: "folder"
    )
  )
  var output: String?

  @Flag(name: .long, help: "Print the summary as JSON instead of a table.")
  var json = false

  @Flag(name: .long, help: "Say nothing but the result.")
  var quiet = false

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await Diagnostics.report {
      let loader = RecipeLoader(environment: Environment.all)
      let recipe = try loader.load(path: self.recipe)
      let prompts = try loader.prompts(of: recipe, recipePath: self.recipe)
      let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
      let folder = output ?? "runs/\(recipe.name)-\(RunCommand.stamp(unixSeconds: now()))"
      let progress = TerminalProgress(isQuiet: quiet)
      let summary = try await connection.withConnections { connections in
        defer { progress.end() }
        return try await RunCommand.open(
          recipe: recipe,
          prompts: prompts,
          output: folder,
          connections: connections,
          progress: progress,
          now: now
        ).run()
      }
      if json {
        try Output.line(summary.json.pretty)
      } else {
        try SummaryText(summary).lines.forEach(Output.line)
        try Output.line("")
        try Output.line("report:  \(folder)/report.html")
        try Output.line("summary: \(folder)/summary.json")
      }
    }
  }
}
