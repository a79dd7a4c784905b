internal import Foundation

/// The part of an OpenAI-compatible chat completion that a judge needs, read without trust.
package struct ChatCompletion: Sendable, Equatable {
  /// A token with its log-probability in nats.
  package struct Token: Sendable, Equatable {
    /// The token's text, from its bytes where they are given.
    package var text: String
    /// Its log-probability, at most 0.
    package var logProbability: Double
  }

  /// One position of the answer: the token chosen and the most probable ones.
  package struct Position: Sendable, Equatable {
    /// The token in the answer.
    package var chosen: Token
    /// The most probable tokens there.
    package var top: [Token]
  }

  /// The answer's text; empty if the server sent none.
  package var text: String
  /// Log-probabilities by position; empty if the server sent none.
  package var positions: [Position]

  /// Reads a response body; nil when it is no chat completion with at least one choice.
  package init?(_ body: [UInt8]) {
    // Only the shape matters here, not the cause: the caller reports the body itself.
    guard let wire = try? JSONDecoder().decode(WireCompletion.self, from: Data(body)),
      let choice = wire.choices.first
    else { return nil }
    text = choice.message.value?.content.value ?? ""
    let content = choice.logprobs.value?.content.value ?? []
    positions = content.compactMap { position in
      guard let position = position.value, let chosen = Token(position) else { return nil }
      let top = (position.top_logprobs?.value ?? []).compactMap { $0.value.flatMap(Token.init) }
      return Position(chosen: chosen, top: top.isEmpty ? [chosen] : top)
    }
  }
}

extension ChatCompletion.Token {
  /// Reads a token; nil unless its log-probability is a finite number that can be one.
  fileprivate init?(_ wire: WireToken) {
    guard let value = wire.logprob.value, value.isFinite, value <= 1e-3 else { return nil }
    logProbability = min(0, value)
    let bytes = (wire.bytes?.value ?? []).compactMap { UInt8(exactly: $0) }
    if !bytes.isEmpty, let decoded = String(validating: bytes, as: UTF8.self) {
      text = decoded
    } else if let token = wire.token.value {
      text = token
    } else {
      return nil
    }
  }
}

/// A value that is nil when the sender put something else in its place.
private struct Lenient<Value: Decodable>: Decodable {
  var value: Value?

  init(from decoder: any Decoder) throws {
    // A server that lies about one field must not cost us the others.
    value = try? decoder.singleValueContainer().decode(Value.self)
  }
}

private struct WireCompletion: Decodable {
  struct Choice: Decodable {
    var message: Lenient<Message>
    var logprobs: Lenient<Logprobs>

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: Keys.self)
      message = try fields.decode(Lenient<Message>.self, forKey: .message)
      logprobs = try fields.decodeIfPresent(Lenient<Logprobs>.self, forKey: .logprobs) ?? .none
    }

    enum Keys: String, CodingKey {
      case message
      case logprobs
    }
  }

  struct Message: Decodable {
    var content: Lenient<String>
  }

  struct Logprobs: Decodable {
    var content: Lenient<[Lenient<WireToken>]>
  }

  var choices: [Choice]
}

extension Lenient {
  fileprivate static var none: Lenient { Lenient() }

  private init() { value = nil }
}

/// A token as OpenAI's format spells it.
private struct WireToken: Decodable {
  var token: Lenient<String>
  var logprob: Lenient<Double>
  var bytes: Lenient<[Int]>?
  var top_logprobs: Lenient<[Lenient<WireToken>]>?
}
