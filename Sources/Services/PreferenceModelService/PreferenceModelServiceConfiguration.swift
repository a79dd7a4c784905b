package import ServiceKit

/// The configuration file of the preference-model service.
package struct PreferenceModelServiceConfiguration: ServiceConfiguration {
  /// The common sections; `peers.labeler` is where labels come from.
  package var common: CommonConfiguration
  /// Path of the base model.
  package var model: String
  /// Limits of requests.
  var limits: PreferenceModelLimits

  private enum Keys: String, CodingKey, CaseIterable {
    case model
    case itemsMax = "items_max"
    case queueMax = "queue_max"
    case tokensPerBatch = "tokens_per_batch"
    case sequenceTokensMax = "sequence_tokens_max"
  }

  /// Reads and checks the file.
  package init(from decoder: any Decoder) throws {
    common = try CommonConfiguration(from: decoder, besides: Keys.allCases.map(\.rawValue))
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: CommonConfiguration.keyNames
    )
    model = try values.text(.model)
    limits = PreferenceModelLimits()
    limits.itemsMax = try values.number(.itemsMax, default: limits.itemsMax, in: 1...1_000_000)
    limits.queueMax = try values.number(.queueMax, default: limits.queueMax, in: 1...65_536)
    limits.tokensPerBatch = try values.number(
      .tokensPerBatch,
      default: limits.tokensPerBatch,
      in: 64...1_000_000
    )
    limits.sequenceTokensMax = try values.number(
      .sequenceTokensMax,
      default: limits.sequenceTokensMax,
      in: 16...1_000_000
    )
  }
}

/// What the service takes from its callers.
struct PreferenceModelLimits: Sendable {
  /// Most items of one `Score`.
  var itemsMax = 8192
  /// Most `Score` calls waiting or under way.
  var queueMax = 256
  /// Most tokens computed at once.
  var tokensPerBatch = 4096
  /// Longest text, in tokens, that is scored, and the default of training.
  var sequenceTokensMax = 2048
}
