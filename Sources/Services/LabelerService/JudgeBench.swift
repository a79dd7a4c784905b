internal import Labeling
internal import Logging
internal import ModelKit
internal import RPC
internal import ServiceKit

/// The judges of the configuration, by the ids that callers use.
struct JudgeBench: Sendable {
  /// The ids, the default first.
  let ids: [String]
  /// The budgets of those that have one.
  let budgets: [Budget]
  /// What hands batches over, by the ids that labels have, for those that can.
  let desks: [String: BatchDesk]
  private let panels: [String: Panel]

  /// Makes the judges; `environment` holds the keys that sections name.
  init(
    _ configuration: LabelerServiceConfiguration,
    ledger: SpendingLedger,
    environment: [String: String],
    file: String,
    logger: Logger
  ) throws {
    var panels: [String: Panel] = [:]
    for section in configuration.judges {
      panels[section.id] =
        switch section.kind {
        case .rules: Panel(RulesJudge())
        case .model(let model):
          Panel(
            ModelJudge(
              scorer: LocalVerdictScorer(
                try BaseModel.load(
                  path: model.path,
                  threads: configuration.common.threads,
                  precision: configuration.common.precision
                )
              ),
              examples: try model.examples.map { try JudgeExample.load(file: $0) } ?? []
            )
          )
        case .http(let http):
          Panel(
            try HTTPJudge(
              configuration: http.configuration(
                price: configuration.prices[http.model]?.price,
                environment: environment,
                id: section.id,
                file: file
              ),
              ledger: ledger,
              logger: logger
            )
          )
        case .panel(let panel):
          // The configuration was checked: members come before their panel.
          Panel(
            name: section.id,
            members: panel.judges.flatMap { panels[$0]?.members ?? [] },
            rule: panel.rule
          )
        }
    }
    self.panels = panels
    let paid = panels.values.flatMap(\.members).compactMap { $0 as? HTTPJudge }
    desks = Dictionary(
      paid.map { ($0.id, BatchDesk($0, logger: logger)) },
      uniquingKeysWith: { first, _ in first }
    )
    ids = configuration.judges.map(\.id)
    budgets = configuration.judges.compactMap { section in
      guard case .http(let http) = section.kind else { return nil }
      return http.budget?.budget(ofModel: http.model)
    }
  }

  /// A judge or panel by its id; the default for an empty one.
  func panel(_ id: String) throws(RPCError) -> Panel {
    let name = id.isEmpty ? ids.first ?? "" : id
    guard let panel = panels[name] else {
      throw RPCError(
        code: .notFound,
        message: "judge '\(name)' is not configured; there are \(ids.joined(separator: ", "))"
      )
    }
    return panel
  }
}

extension HTTPJudgeSection {
  /// The judge's settings, with the key from the variable that the section names.
  func configuration(
    price: ModelPrice?,
    environment: [String: String],
    id: String,
    file: String
  ) throws -> HTTPJudgeConfiguration {
    var key: APIKey?
    if !keyVariable.isEmpty {
      guard let secret = environment[keyVariable], !secret.isEmpty else {
        throw ServiceKitError.configuration(
          file: file,
          keyPath: "judges.\(id).http.key_variable",
          reason: "the environment variable \(keyVariable) is not set; put the key there"
        )
      }
      key = try APIKey(secret)
    }
    var configuration = HTTPJudgeConfiguration(baseURL: url, model: model, apiKey: key)
    configuration.concurrencyMax = concurrency
    configuration.timeout = .seconds(timeoutSeconds)
    configuration.retry.attemptCountMax = attempts
    configuration.maxTokens = tokensMax
    configuration.tokenLimitField = tokensField
    configuration.prompt = JudgePrompt(
      examples: try examples.map { try JudgeExample.load(file: $0) } ?? [],
      reasons: reasoning
    )
    configuration.price = price
    configuration.budget = budget?.budget(ofModel: model)
    configuration.requestsPerMinute = requestsPerMinute
    configuration.tokensPerMinute = tokensPerMinute
    configuration.lostAnswers = lostAnswers
    configuration.batchRequestCountMax = batchRequestsMax
    return configuration
  }
}
