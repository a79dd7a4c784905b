internal import Foundation

/// The part of an OpenAI-compatible chat completion that a judge needs, read without trust.
package struct ChatCompletion: Sendable, Equatable, Codable {
  /// A token with its log-probability in nats.
  package struct Token: Sendable, Equatable, Codable {
    /// The token's text, from its bytes where they are given.
    package var text: String
    /// Its log-probability, at most 0.
    package var logProbability: Double
  }

  /// One position of the answer: the token chosen and the most probable ones.
  package struct Position: Sendable, Equatable, Codable {
    /// The token in the answer.
    package var chosen: Token
    /// The most probable tokens there.
    package var top: [Token]
  }

  /// The answer's text; empty if the server sent none.
  package var text: String
  /// Log-probabilities by position; empty if the server sent none.
  package var positions: [Position]
  /// What the server counted; nil if it did not say.
  package var usage: TokenUsage?

  /// Reads a response body; nil when it is no chat completion with at least one choice.
  package init?(_ body: [UInt8]) {
    // Only the shape matters here, not the cause: the caller reports the body itself.
    guard let wire = try? JSONDecoder().decode(WireCompletion.self, from: Data(body)) else {
      return nil
    }
    self.init(wire)
  }

  fileprivate init?(_ wire: WireCompletion) {
    guard let choice = wire.choices.first else { return nil }
    text = choice.message.value?.content.value ?? ""
    usage = wire.usage.value.flatMap(TokenUsage.init)
    let content = choice.logprobs.value?.content.value ?? []
    positions = content.compactMap { position in
      guard let position = position.value, let chosen = Token(position) else { return nil }
      let top = (position.top_logprobs?.value ?? []).compactMap { $0.value.flatMap(Token.init) }
      return Position(chosen: chosen, top: top.isEmpty ? [chosen] : top)
    }
  }
}

/// A completion inside another answer, such as a line of a batch; nil when it is none.
struct ReceivedCompletion: Decodable {
  let completion: ChatCompletion?

  init(from decoder: any Decoder) throws {
    // An unreadable answer is an answer that failed, not a reason to lose the line.
    completion = (try? WireCompletion(from: decoder)).flatMap { ChatCompletion($0) }
  }
}

extension ChatCompletion {
  /// The part that a verdict can be read from: the text and the positions that may state it.
  ///
  /// An answer that reasons has log-probabilities for hundreds of tokens of which one matters.
  var condensed: ChatCompletion {
    var result = self
    let stating = positions.filter { VerdictParser.letter(ofToken: $0.chosen.text) != nil }
    result.positions = positions.count == 1 ? positions : stating.suffix(8)
    return result
  }
}

extension TokenUsage {
  /// Reads a server's count; nil unless it says at least how many tokens the prompt had.
  fileprivate init?(_ wire: WireCompletion.Usage) {
    guard let prompt = wire.prompt_tokens.value, (0...1 << 40).contains(prompt) else { return nil }
    let completion = wire.completion_tokens?.value ?? 0
    self.init(
      promptCount: prompt,
      cachedPromptCount: wire.prompt_tokens_details?.value?.cached_tokens?.value ?? 0,
      completionCount: min(completion, 1 << 40)
    )
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

  struct Usage: Decodable {
    var prompt_tokens: Lenient<Int>
    var completion_tokens: Lenient<Int>?
    var prompt_tokens_details: Lenient<Details>?
  }

  struct Details: Decodable {
    var cached_tokens: Lenient<Int>?
  }

  var choices: [Choice]
  var usage: Lenient<Usage>

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Keys.self)
    choices = try fields.decode([Choice].self, forKey: .choices)
    usage = try fields.decodeIfPresent(Lenient<Usage>.self, forKey: .usage) ?? .none
  }

  enum Keys: String, CodingKey {
    case choices
    case usage
  }
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
