package import JSON
package import Messages
package import RunReports

/// Reports of preference models as JSON.
package enum PreferenceRecord {
  /// One model's report, as the journal and `morlaif train-preferences` hold it.
  package static func json(_ report: PreferenceModelReport) -> JSONValue {
    let source = json(source: report.source ?? ScoreSource()).members ?? []
    return .object(
      source + [
        JSONMember("held_out", report.heldOut.map(json(evaluation:)) ?? .null),
        JSONMember("training", report.training.map(json(evaluation:)) ?? .null),
      ]
    )
  }

  /// Which weights scored a principle.
  package static func json(source: ScoreSource) -> JSONValue {
    [
      "principle": .string(source.principleID), "model": .string(source.modelID),
      "adapter": .string(source.adapterID), "weight_hash": .string(source.weightHash),
      "mean": .number(source.mean), "standard_deviation": .number(source.standardDeviation),
    ]
  }

  /// A message of progress for display.
  package static func progress(_ progress: TrainPreferencesProgress) -> ProgressUpdate {
    var detail = progress.principleID.isEmpty ? "all principles" : progress.principleID
    if progress.stage.hasSuffix("training") { detail += ", loss \(Figure.fixed(progress.loss, 3))" }
    if progress.tokensPerSecond > 0 {
      detail += ", \(Figure.fixed(progress.tokensPerSecond, 0)) tokens/s"
    }
    return ProgressUpdate(
      work: progress.stage,
      done: Double(progress.done),
      total: Double(progress.total),
      detail: detail,
      secondsLeft: progress.secondsLeft > 0 ? progress.secondsLeft : nil
    )
  }

  private static func json(evaluation: PreferenceEvaluation) -> JSONValue {
    [
      "pairs": .integer(Int(clamping: evaluation.pairs)),
      "ties": .integer(Int(clamping: evaluation.ties)),
      "accuracy": .number(evaluation.accuracy),
      "accuracy_low": .number(evaluation.accuracyLow),
      "accuracy_high": .number(evaluation.accuracyHigh),
      "clear_accuracy": .number(evaluation.clearAccuracy),
      "loss": .number(evaluation.loss),
      "calibration_error": .number(evaluation.calibrationError),
      "brier_score": .number(evaluation.brierScore),
      "length_correlation": .number(evaluation.lengthCorrelation),
      "by_margin": .array(
        evaluation.byMargin.map { bucket in
          [
            "low": .number(bucket.marginLow), "high": .number(bucket.marginHigh),
            "agree": .integer(Int(clamping: bucket.agree)),
            "disagree": .integer(Int(clamping: bucket.disagree)),
          ]
        }
      ),
    ]
  }

  /// The held-out agreement out of a report's JSON; nil when it is not there.
  package static func agreement(_ json: JSONValue) -> RunSummary.Agreement? {
    guard let held = json["held_out"], let accuracy = held["accuracy"]?.double,
      let low = held["accuracy_low"]?.double, let high = held["accuracy_high"]?.double,
      let clear = held["clear_accuracy"]?.double, let pairs = held["pairs"]?.whole
    else { return nil }
    return RunSummary.Agreement(
      accuracy: accuracy,
      low: low,
      high: high,
      clearAccuracy: clear,
      pairs: pairs
    )
  }
}
