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
  private let judges: [String: any Judge]

  /// Makes the judges; `environment` holds the keys that sections name.
  init(
    _ configuration: LabelerServiceConfiguration,
    ledger: SpendingLedger,
    environment: [String: String],
    file: String,
    logger: Logger
  ) throws {
    var judges: [String: any Judge] = [:]
    for section in configuration.judges {
      judges[section.id] =
        switch section.kind {
        case .rules: RulesJudge()
        case .model(let model):
          ModelJudge(
            scorer: LocalVerdictScorer(
              try BaseModel.load(path: model.path, threads: configuration.common.threads)
            )
          )
        case .http(let http):
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
        }
    }
    self.judges = judges
    ids = configuration.judges.map(\.id)
    budgets = configuration.judges.compactMap { section in
      guard case .http(let http) = section.kind else { return nil }
      return http.budget?.budget(ofModel: http.model)
    }
  }

  /// A judge by its id; the default for an empty one.
  func judge(_ id: String) throws(RPCError) -> any Judge {
    let name = id.isEmpty ? ids.first ?? "" : id
    guard let judge = judges[name] else {
      throw RPCError(
        code: .notFound,
        message: "judge '\(name)' is not configured; there are \(ids.joined(separator: ", "))"
      )
    }
    return judge
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
    configuration.price = price
    configuration.budget = budget?.budget(ofModel: model)
    configuration.requestsPerMinute = requestsPerMinute
    configuration.tokensPerMinute = tokensPerMinute
    configuration.lostAnswers = lostAnswers
    return configuration
  }
}
