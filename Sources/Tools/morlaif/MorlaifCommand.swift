internal import ArgumentParser
internal import ServiceKit

/// The command line of MORLAIF.
@main
struct MorlaifCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "morlaif",
    abstract: "Aligns a language model to several principles at once.",
    discussion: """
      Four services do the work: a labeler judges pairs of answers, preference models learn from the judgements, \
      a scalarizer makes one reward of their scores, and a policy trainer learns from it by PPO.

      From a recipe to a report:
        morlaif certificates --directory ~/.local/state/morlaif/certificates
        morlaif up --model SmolLM2-135M-Instruct.Q4_1.gguf
        morlaif run compose/config/recipes/default.yaml --output runs/first
        morlaif down

      Exit codes: 0 done; 64 wrong options; 65 wrong input; 69 a service cannot be reached; \
      70 something failed; 78 wrong settings in a file.
      """,
    version: ProjectVersion.text,
    groupedSubcommands: [
      CommandGroup(name: "A whole run:", subcommands: [RunRecipe.self, Report.self]),
      CommandGroup(
        name: "Services on this machine:",
        subcommands: [MakeCertificates.self, Up.self, Down.self, Status.self]
      ),
      CommandGroup(
        name: "Single steps, through the services:",
        subcommands: [
          LabelPairs.self, Review.self, ShowStatistics.self, ShowUsage.self, ImportPreferences.self,
          ExportPreferences.self,
          TrainPreferences.self,
          Score.self, TrainPolicy.self, Generate.self, Call.self,
        ]
      ),
      CommandGroup(
        name: "Without services:",
        subcommands: [Tokenize.self, Logprobs.self, ScalarizeScores.self]
      ),
    ]
  )

  /// Runs the command that the arguments name.
  static func main() async {
    StandardStreams.reserve()
    await main(nil)
  }
}
