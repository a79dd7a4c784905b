internal import JSON
internal import Messages
internal import RunReports

/// `answers.jsonl`: every answer that was rewarded, with all that its reward came from.
///
/// A line holds the scores, the weights and normalisers that gave them and the version of the
/// scalarizer's configuration, so that each reward can be computed again.
final class AnswersLog: Sendable {
  private let file: AppendedFile

  /// Opens the answers of a run, or begins them.
  init(path: String) throws(RunReportError) {
    file = try AppendedFile(path: path, repairsLines: true)
  }

  /// Writes the answers of one step; steps that were computed again come again, later lines count.
  func record(_ step: TrainPolicyStep) throws(RunReportError) {
    let sources = JSONValue.array(
      step.sources.map { source in
        [
          "principle": .string(source.principleID), "model": .string(source.modelID),
          "adapter": .string(source.adapterID), "weight_hash": .string(source.weightHash),
          "mean": .number(source.mean), "standard_deviation": .number(source.standardDeviation),
        ]
      }
    )
    let principles = step.sources.map(\.principleID)
    func byPrinciple(_ values: [Double]) -> JSONValue {
      .object(zip(principles, values).map { JSONMember($0, .number($1)) })
    }
    for (index, sample) in step.samples.enumerated() {
      let line: JSONValue = [
        "step": .integer(Int(step.step)), "answer": .integer(index),
        "prompt": .string(sample.item?.prompt ?? ""),
        "response": .string(sample.item?.response ?? ""),
        "scores": byPrinciple(sample.scores), "reward": .number(sample.reward),
        "contributions": byPrinciple(sample.contributions),
        "configuration_version": .integer(Int(clamping: step.configurationVersion)),
        "configuration_hash": .string(step.configurationHash), "sources": sources,
      ]
      try file.append(line: line.line, toDisk: index == step.samples.count - 1)
    }
  }
}
