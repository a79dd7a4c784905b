internal import ServiceKit

/// What a run does, read from YAML.
///
/// A number that is 0 or absent in `preferences` and `policy` leaves the choice to the service,
/// which says what it took.
package struct Recipe: Sendable, Equatable, Decodable {
  /// A quality that answers are judged by, and how much it counts.
  package struct Principle: Sendable, Equatable, Decodable {
    /// The principle's id.
    package var id: String
    /// How much it counts; negative turns it round.
    package var weight: Double

    private enum Keys: String, CodingKey, CaseIterable {
      case id
      case weight
    }

    /// Reads and checks the section.
    package init(from decoder: any Decoder) throws {
      let values = try SectionValues(decoder, keys: Keys.self)
      id = try values.text(.id)
      weight = try values.number(.weight, default: 1, in: -1000...1000)
    }
  }

  /// Where prompts come from.
  package struct Prompts: Sendable, Equatable, Decodable {
    /// Lines `{"id", "prompt"}`; relative to the recipe.
    package var file: String
    /// Share of the prompts that only the evaluation sees.
    package var heldOutShare: Double

    private enum Keys: String, CodingKey, CaseIterable {
      case file
      case heldOutShare = "held_out_share"
    }

    /// Reads and checks the section.
    package init(from decoder: any Decoder) throws {
      let values = try SectionValues(decoder, keys: Keys.self)
      file = try values.text(.file)
      heldOutShare = try values.number(.heldOutShare, default: 0.25, in: 0.01...0.9)
    }
  }

  /// Becomes part of the run's identifiers.
  package var name: String
  /// The model that the services must have loaded; empty takes whatever they have.
  package var model: String
  /// Seed of everything random.
  package var seed: Int
  /// In the order in which everything lists them.
  package var principles: [Principle]
  /// The labeler's judge; empty means its default.
  package var judge: String
  /// Where prompts come from.
  package var prompts: Prompts
  /// How answers are sampled.
  package var sampling: SamplingSection
  /// How preference models are trained.
  package var preferences: PreferencesSection
  /// How scores become one reward.
  package var scalarizer: ScalarizerSection
  /// How the policy is trained.
  package var policy: PolicySection
  /// How policy and base model are compared.
  package var evaluation: EvaluationSection

  private enum Keys: String, CodingKey, CaseIterable {
    case name
    case model
    case seed
    case principles
    case judge
    case prompts
    case sampling
    case preferences
    case scalarizer
    case policy
    case evaluation
  }

  /// Reads and checks the section.
  package init(from decoder: any Decoder) throws {
    let values = try SectionValues(decoder, keys: Keys.self)
    name = try values.text(.name)
    model = try values.value(.model, default: "")
    seed = try values.number(.seed, default: 1, in: 0...Int.max)
    principles = try values.required(.principles)
    judge = try values.value(.judge, default: "")
    prompts = try values.required(.prompts)
    sampling = try values.optional(.sampling) ?? .defaults
    preferences = try values.optional(.preferences) ?? .defaults
    scalarizer = try values.optional(.scalarizer) ?? .defaults
    policy = try values.optional(.policy) ?? .defaults
    evaluation = try values.optional(.evaluation) ?? .defaults
    guard Self.isIdentifier(name) else {
      throw values.refusal(
        .name,
        "'\(name)' may hold only letters, digits, '-' and '_', 64 at most"
      )
    }
    if principles.isEmpty { throw values.refusal(.principles, "lists no principle") }
    var seen = Set<String>()
    for principle in principles {
      guard Self.isIdentifier(principle.id) else {
        throw values.refusal(.principles, "'\(principle.id)' is not a principle's id")
      }
      guard seen.insert(principle.id).inserted else {
        throw values.refusal(.principles, "'\(principle.id)' is listed twice")
      }
    }
    if principles.allSatisfy({ $0.weight == 0 }) {
      throw values.refusal(.principles, "gives every principle the weight 0")
    }
  }

  /// Names of the principles, in order.
  package var principleIDs: [String] { principles.map(\.id) }

  private static func isIdentifier(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
          || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
          || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
      }
  }
}
