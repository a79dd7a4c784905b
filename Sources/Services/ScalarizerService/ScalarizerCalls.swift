internal import Foundation
internal import Messages
internal import RPC
internal import Scalarization
internal import ServiceKit
internal import ServiceStubs

/// Answers the calls of the Scalarizer service.
struct ScalarizerCalls: ScalarizerHandler {
  let store: ConfigurationStore
  let limits: ScoreTable.Limits
  let metrics: MetricsRegistry

  /// Rewards of the request's rows, all by one configuration version.
  func scalarize(
    _ request: Messages.ScalarizeRequest,
    context: RPCServerContext
  ) async throws -> Messages.ScalarizeReply {
    let table = try ScoreTable(request.scores, field: "scores", limits: limits)
    let record = try store.record(version: request.configurationVersion)
    let configuration = try record.function.resolved(with: Self.statistics(request.sources))
    let batch: ScalarizedBatch
    do {
      batch = try Scalarizer(configuration).scalarize(
        Scalarization.ScoreMatrix(principles: table.principleIDs, values: table.values)
      )
    } catch {
      throw ScalarizerServiceError.refused(error)
    }
    metrics.add(Double(table.itemIDs.count), to: MetricCatalog.scalarizerRewards)
    return Messages.ScalarizeReply(
      rewards: batch.rewards,
      contributions: Self.contributions(batch, columns: table.principleIDs),
      configurationVersion: record.version,
      configurationHash: record.hash
    )
  }

  /// Replaces the configuration.
  func configure(
    _ request: Messages.ConfigureRequest,
    context: RPCServerContext
  ) async throws -> Messages.ConfigureReply {
    guard let message = request.configuration else {
      throw MessageChecks.refusal("configuration is missing")
    }
    guard request.comment.utf8.count <= ScalarizationFunction.commentBytesMax else {
      throw MessageChecks.refusal(
        "comment is longer than \(ScalarizationFunction.commentBytesMax) bytes"
      )
    }
    let record = try await store.configure(
      try ScalarizationFunction(message),
      expectedVersion: request.expectedVersion,
      comment: request.comment
    )
    metrics.add(to: MetricCatalog.scalarizerConfigureCalls)
    return Messages.ConfigureReply(
      configurationVersion: record.version,
      configurationHash: record.hash
    )
  }

  /// A configuration and the list of all.
  func describe(
    _ request: Messages.DescribeConfigurationRequest,
    context: RPCServerContext
  ) async throws -> Messages.DescribeConfigurationReply {
    let record = try store.record(version: request.configurationVersion)
    return Messages.DescribeConfigurationReply(
      configuration: record.function.message,
      configurationVersion: record.version,
      configurationHash: record.hash,
      history: store.all.map(\.message)
    )
  }

  /// Linear weights that explain preferences best.
  func fitWeights(
    _ request: Messages.FitWeightsRequest,
    context: RPCServerContext
  ) async throws -> Messages.FitWeightsReply {
    let chosen = try ScoreTable(request.chosen, field: "chosen", limits: limits)
    let rejected = try ScoreTable(request.rejected, field: "rejected", limits: limits)
    return try PreferenceFit(chosen: chosen, rejected: rejected).reply
  }

  /// The statistics of a request by principle, refused when one cannot standardise.
  private static func statistics(
    _ sources: [Messages.ScoreSource]
  ) throws -> [String: ScalarizationFunction.Normaliser] {
    var result: [String: ScalarizationFunction.Normaliser] = [:]
    for source in sources {
      let id = source.principleID
      guard
        source.mean.isFinite, source.standardDeviation.isFinite, source.standardDeviation > 0
      else {
        throw ScalarizerServiceError.invalidNormaliser(
          principle: id,
          mean: source.mean,
          standardDeviation: source.standardDeviation
        )
      }
      let entry = ScalarizationFunction.Normaliser(
        mean: source.mean,
        standardDeviation: source.standardDeviation
      )
      guard result.updateValue(entry, forKey: id) == nil else {
        throw MessageChecks.refusal("sources: '\(id)' occurs twice")
      }
    }
    return result
  }

  /// Contributions in the request's order of columns.
  private static func contributions(_ batch: ScalarizedBatch, columns: [String]) -> [Double] {
    let width = batch.principles.count
    // The library has checked that both lists hold the same names.
    let order = columns.compactMap { batch.principles.firstIndex(of: $0) }
    return batch.rewards.indices.flatMap { row in
      order.map { batch.contributions[row * width + $0] }
    }
  }
}
