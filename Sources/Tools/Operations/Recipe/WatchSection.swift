internal import JSON
internal import Messages
internal import ServiceKit

/// When the trainer warns of a gamed reward; 0 leaves a threshold to the service.
struct WatchSection: Sendable, Equatable, Decodable {
  /// As the contract has it.
  var message = RewardWatch()

  private enum Keys: String, CodingKey, CaseIterable {
    case window
    case deviationShareMin = "deviation_share_min"
    case principleShareMax = "principle_share_max"
    case lengthFactorMax = "length_factor_max"
    case klAccelerationMax = "kl_acceleration_max"
    case ceilingShareMax = "ceiling_share_max"
    case repeatedShareMax = "repeated_share_max"
    case pauses
  }

  init(message: RewardWatch = RewardWatch()) {
    self.message = message
  }

  /// Reads and checks the section.
  init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    message.window = try values.number(.window, default: 0, in: 0...10_000)
    message.deviationShareMin = try values.number(.deviationShareMin, default: 0, in: 0...1)
    message.principleShareMax = try values.number(.principleShareMax, default: 0, in: 0...100)
    message.lengthFactorMax = try values.number(.lengthFactorMax, default: 0, in: 0...1_000_000)
    message.klAccelerationMax = try values.number(.klAccelerationMax, default: 0, in: 0...1_000_000)
    message.ceilingShareMax = try values.number(.ceilingShareMax, default: 0, in: 0...100)
    message.repeatedShareMax = try values.number(.repeatedShareMax, default: 0, in: 0...100)
    message.pauses = try values.value(.pauses, default: false)
  }

  /// The settings by their names in a recipe.
  var json: JSONValue {
    [
      "window": .integer(Int(message.window)),
      "deviation_share_min": .number(message.deviationShareMin),
      "principle_share_max": .number(message.principleShareMax),
      "length_factor_max": .number(message.lengthFactorMax),
      "kl_acceleration_max": .number(message.klAccelerationMax),
      "ceiling_share_max": .number(message.ceilingShareMax),
      "repeated_share_max": .number(message.repeatedShareMax),
      "pauses": .bool(message.pauses),
    ]
  }
}
