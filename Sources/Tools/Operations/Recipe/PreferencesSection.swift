package import JSON
package import Messages
internal import ServiceKit

/// How the preference models are trained.
package struct PreferencesSection: Sendable, Equatable, Decodable {
  /// As the contract has them; zero leaves the choice to the service.
  package var message: PreferenceHyperparameters

  static let defaults = PreferencesSection(message: PreferenceHyperparameters())

  init(message: PreferenceHyperparameters) {
    self.message = message
  }

  private enum Keys: String, CodingKey, CaseIterable {
    case rank
    case alpha
    case topLayers = "top_layers"
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
    case epochs
    case batchPairs = "batch_pairs"
    case heldOutShare = "held_out_share"
    case marginMax = "margin_max"
    case gradientNormMax = "gradient_norm_max"
    case sequenceTokensMax = "sequence_tokens_max"
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    var message = PreferenceHyperparameters()
    message.rank = try values.number(.rank, default: 0, in: 0...1_024)
    message.alpha = try values.number(.alpha, default: 0, in: 0...4_096)
    message.topLayers = try values.number(.topLayers, default: 0, in: 0...1_000)
    message.learningRate = try values.number(.learningRate, default: 0, in: 0...1)
    message.weightDecay = try values.number(.weightDecay, default: 0, in: 0...10)
    message.epochs = try values.number(.epochs, default: 0, in: 0...1_000)
    message.batchPairs = try values.number(.batchPairs, default: 0, in: 0...100_000)
    message.heldOutShare = try values.number(.heldOutShare, default: 0, in: 0...0.5)
    message.marginMax = try values.number(.marginMax, default: 0, in: 0...1_000)
    message.gradientNormMax = try values.number(.gradientNormMax, default: 0, in: 0...1_000_000)
    message.sequenceTokensMax = try values.number(.sequenceTokensMax, default: 0, in: 0...100_000)
    self.message = message
  }

  /// The settings by their names in a recipe.
  package var json: JSONValue {
    Self.json(of: message)
  }

  /// Settings that a service reported, by their names in a recipe.
  package static func json(of message: PreferenceHyperparameters) -> JSONValue {
    [
      "rank": .integer(Int(message.rank)),
      "alpha": .number(message.alpha),
      "top_layers": .integer(Int(message.topLayers)),
      "learning_rate": .number(message.learningRate),
      "weight_decay": .number(message.weightDecay),
      "epochs": .integer(Int(message.epochs)),
      "batch_pairs": .integer(Int(message.batchPairs)),
      "held_out_share": .number(message.heldOutShare),
      "margin_max": .number(message.marginMax),
      "gradient_norm_max": .number(message.gradientNormMax),
      "sequence_tokens_max": .integer(Int(message.sequenceTokensMax)),
    ]
  }
}
