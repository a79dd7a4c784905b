internal import ArgumentParser
internal import JSON
internal import Operations
internal import RunReports
internal import Scalarization
internal import ServiceKit

/// `morlaif scalarize`.
struct ScalarizeScores: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scalarize",
    abstract: "Turns scores into rewards by a function given in a file.",
    discussion: """
      Lines {"scores":{principle: number}} become {"reward","contributions","version"}. A principle that is missing or \
      unknown and a number that is not finite are refused by name. The version is 1: a file holds one configuration.

      The file:
        method: linear     # maxmin softmin_lse softmin_boltzmann uncertainty_weighted lower_quantile median nash
        weights: {conciseness: 1, relevance: 1.5}
        normaliser: {conciseness: {mean: 0.1, std: 2}}   # optional
        parameters: {tau: 1, lambda: 0.5, quantile: 0.33, nash_link: sigmoid}   # optional

      Example:
        morlaif scalarize --config scalarizer.yaml --input scores.jsonl
      """
  )

  @Option(name: .long, help: ArgumentHelp("The function, YAML or JSON.", valueName: "file"))
  var config: String

  @OptionGroup var records: RecordOptions

  func run() async throws {
    try await Diagnostics.report {
      let configuration = try ConfigurationLoader(environment: Environment.all)
        .load(ScalarizationConfiguration.self, from: config)
      let scalarizer = Scalarizer(configuration)
      let version = ScalarizationHistory(configuration).current
      let (reader, writer) = try records.open(allowsNonFinite: true)
      while let record = try reader.next() {
        let batch = try scalarize(record, by: scalarizer, in: reader)
        let contributions = zip(batch.principles, batch.contributions).map {
          JSONMember($0, .number($1))
        }
        try writer.write([
          "reward": .number(batch.rewards.first ?? 0),
          "contributions": .object(contributions),
          "version": .integer(version.version),
          "hash": .string(version.hash),
        ])
      }
    }
  }

  private func scalarize(
    _ record: JSONValue,
    by scalarizer: Scalarizer,
    in reader: RecordReader
  ) throws(OperationsError) -> ScalarizedBatch {
    guard let members = record["scores"]?.members else {
      throw reader.refusal("needs an object \"scores\" of numbers by principle")
    }
    var values: [Double] = []
    for member in members {
      guard let value = member.value.double else {
        throw reader.refusal("the score of \"\(member.name)\" is not a number")
      }
      values.append(value)
    }
    do throws(ScalarizationError) {
      return try scalarizer.scalarize(
        ScoreMatrix(principles: members.map(\.name), values: values)
      )
    } catch {
      throw reader.refusal("\(error)")
    }
  }
}
