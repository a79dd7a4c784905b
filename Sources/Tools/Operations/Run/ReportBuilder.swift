internal import Foundation
internal import JSON
package import RunReports
internal import ServiceKit

/// Makes summary and report from the files of a run folder, without any service.
package struct ReportBuilder {
  private let recipe: Recipe
  private let folder: RunFolder

  /// Takes a run that has been evaluated.
  package init(recipe: Recipe, folder: RunFolder) {
    self.recipe = recipe
    self.folder = folder
  }

  /// Writes `summary.json` and `report.html`.
  @discardableResult
  package func write() throws -> RunSummary {
    let events = try Journal.read(path: folder.journal)
    let state = RunState(events: events)
    let samples = try readSamples()
    let summary = try summary(state: state, samples: samples)
    let content = ReportContent(
      title: recipe.name,
      startedAt: state.startedAt ?? 0,
      summary: summary,
      steps: try MetricsLog.read(path: folder.metrics),
      samples: samples,
      events: events,
      recipe: try TextFile.read(path: folder.recipe)
    )
    try TextFile.write(summary.json.pretty + "\n", path: folder.summary)
    try TextFile.write(ReportPage(content).html, path: folder.report)
    return summary
  }

  private func readSamples() throws(RunReportError) -> [SampleComparison] {
    var samples: [SampleComparison] = []
    for (index, json) in try JSONLines.read(path: folder.samples).enumerated() {
      guard let sample = SampleComparison(json: json) else {
        throw .line(path: folder.samples, line: index + 1, reason: "this is not a pair of answers")
      }
      samples.append(sample)
    }
    return samples
  }

  private func summary(state: RunState, samples: [SampleComparison]) throws -> RunSummary {
    guard
      let figures = EvaluationFigures(samples: samples, weights: recipe.principles.map(\.weight))
    else {
      throw OperationsError.failed("\(folder.samples) does not hold the recipe's principles")
    }
    let reports = state.finished[.preferences]?["reports"]?.elements ?? []
    let byPrinciple = Dictionary(
      reports.compactMap { report in report["principle"]?.text.map { ($0, report) } }
    ) { $1 }
    let principles = try recipe.principles.enumerated().map { index, principle in
      guard let agreement = byPrinciple[principle.id].flatMap(PreferenceRecord.agreement) else {
        throw OperationsError.failed(
          "\(folder.journal) has no held-out report of the preference model of \(principle.id)"
        )
      }
      return RunSummary.Principle(
        id: principle.id,
        weight: principle.weight,
        agreement: agreement,
        mean: figures.means[index],
        winRate: figures.winRates[index]
      )
    }
    let seconds = RunState.Step.allCases.filter { $0 != .report }.map { step in
      (step: step.rawValue, seconds: state.seconds[step] ?? 0)
    }
    return RunSummary(
      runID: state.runID ?? "",
      modelID: reports.first?["model"]?.text ?? recipe.model,
      seed: recipe.seed,
      principles: principles,
      overall: figures.overall,
      kl: figures.kl,
      klTemperature: recipe.evaluation.options.temperature,
      meanLength: figures.meanLength,
      baseNLL: figures.baseNLL,
      distinct2: figures.distinct2,
      seconds: seconds + [(step: "total", seconds: state.totalSeconds)],
      peakRSS: ServiceName.allCases.compactMap { name in
        state.peakMemory[name.rawValue].map {
          (service: name.rawValue, mebibytes: ($0 / 1_048_576 * 10).rounded() / 10)
        }
      },
      versions: versions(state: state, reports: reports)
    )
  }

  private func versions(
    state: RunState,
    reports: [JSONValue]
  ) -> [(name: String, version: String)] {
    var versions = [(name: "morlaif", version: ProjectVersion.text)]
    if let event = state.finished[.scalarizer], let version = event["version"]?.whole {
      versions.append(
        ("scalarizer configuration", "v\(version) \(event["hash"]?.text ?? "")")
      )
    }
    for report in reports {
      guard let id = report["principle"]?.text, let hash = report["weight_hash"]?.text
      else { continue }
      versions.append(("preference model \(id)", hash))
    }
    return versions
  }
}
