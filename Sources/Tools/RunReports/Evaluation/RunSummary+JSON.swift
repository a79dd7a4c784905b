package import JSON

extension RunSummary {
  /// The summary as `summary.json`.
  package var json: JSONValue {
    .object([
      JSONMember("run_id", .string(runID)),
      JSONMember("model", .string(modelID)),
      JSONMember("seed", .integer(seed)),
      JSONMember(
        "principles",
        .object(principles.map { JSONMember($0.id, Self.json($0)) })
      ),
      JSONMember(
        "overall",
        .object(
          Self.members(overall) + [
            JSONMember("comparisons", .integer(overall.comparisons)),
            JSONMember("effective_comparisons", .number(overall.effectiveComparisons)),
          ]
        )
      ),
      JSONMember("kl", .number(kl)),
      JSONMember("kl_temperature", .number(klTemperature)),
      JSONMember("mean_length", Self.json(meanLength)),
      JSONMember("base_nll", Self.json(baseNLL)),
      JSONMember("distinct_2", Self.json(distinct2)),
      JSONMember(
        "seconds",
        .object(seconds.map { JSONMember($0.step, .number($0.seconds)) })
      ),
      JSONMember(
        "peak_rss_mib",
        .object(peakRSS.map { JSONMember($0.service, .number($0.mebibytes)) })
      ),
      JSONMember(
        "versions",
        .object(versions.map { JSONMember($0.name, .string($0.version)) })
      ),
    ])
  }

  private static func json(_ pair: BeforeAfter) -> JSONValue {
    ["base": .number(pair.base), "tuned": .number(pair.tuned)]
  }

  private static func members(_ rate: WinRate) -> [JSONMember] {
    [
      JSONMember("win_rate", .number(rate.rate)),
      JSONMember("win_rate_low", .number(rate.low)),
      JSONMember("win_rate_high", .number(rate.high)),
    ]
  }

  private static func json(_ principle: Principle) -> JSONValue {
    .object(
      [
        JSONMember("weight", .number(principle.weight)),
        JSONMember("pm_accuracy", .number(principle.agreement.accuracy)),
        JSONMember("pm_accuracy_low", .number(principle.agreement.low)),
        JSONMember("pm_accuracy_high", .number(principle.agreement.high)),
        JSONMember("pm_accuracy_clear", .number(principle.agreement.clearAccuracy)),
        JSONMember("pm_pairs", .integer(principle.agreement.pairs)),
        JSONMember("base_mean", .number(principle.mean.base)),
        JSONMember("tuned_mean", .number(principle.mean.tuned)),
      ] + members(principle.winRate)
    )
  }
}
