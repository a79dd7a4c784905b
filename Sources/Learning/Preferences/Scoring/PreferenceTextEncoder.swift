internal import Foundation
package import Tokenization

/// Turns a prompt and an answer into the tokens that a preference model reads.
package protocol PreferenceTextEncoding: Sendable {
  /// The tokens, the last of which is the one whose hidden state is scored.
  ///
  /// - Throws: `PreferenceError.textTooLong` and nothing is cut off.
  func tokens(prompt: String, response: String) throws(PreferenceError) -> [Int32]

  /// How many tokens the answer alone has, without template and end of turn.
  func answerTokenCount(_ response: String) -> Int
}

/// The one text form of training and serving: templated prompt, answer, end-of-turn token.
///
/// The end-of-turn token is always there, whether or not the answer was finished, so that the scored
/// position means the same everywhere. Over-long texts are refused in training and serving alike.
/// Control tokens written out in a text are ordinary text: nobody can forge a turn.
package struct PreferenceTextEncoder: PreferenceTextEncoding {
  private let tokenizer: Tokenizer
  private let template: ChatTemplate
  private let endToken: Int32
  private let tokenCountMax: Int

  /// Prepares a tokenizer.
  ///
  /// - Throws: `PreferenceError.invalidConfiguration` when the tokenizer has no chat template or no
  ///   end-of-turn token.
  package init(tokenizer: Tokenizer, tokenCountMax: Int) throws(PreferenceError) {
    do {
      template = try tokenizer.chatTemplate()
    } catch {
      throw .invalidConfiguration(
        field: "model.chat_template",
        value: error.description,
        rule: "a template that is recognised"
      )
    }
    guard let end = tokenizer.eosTokenIDs.first else {
      throw .invalidConfiguration(
        field: "model.eos_token_id",
        value: "none",
        rule: "the end-of-turn token of the model"
      )
    }
    self.tokenizer = tokenizer
    self.tokenCountMax = tokenCountMax
    endToken = end
  }

  /// How many tokens the answer alone has.
  package func answerTokenCount(_ response: String) -> Int {
    tokenizer.encode(response, allowSpecial: false).count
  }

  /// The tokens of a text as preference models see it: chat template, answer, end of turn.
  package func tokens(prompt: String, response: String) throws(PreferenceError) -> [Int32] {
    var tokens: [Int32]
    do {
      tokens = try template.tokens(
        [.user(prompt)],
        addGenerationPrompt: true,
        tokenizer: tokenizer,
        allowSpecialInContent: false
      )
    } catch {
      throw .invalidConfiguration(
        field: "model.chat_template",
        value: error.description,
        rule: "made of tokens that the vocabulary has"
      )
    }
    tokens += tokenizer.encode(response, allowSpecial: false)
    tokens.append(endToken)
    guard tokens.count <= tokenCountMax else {
      throw .textTooLong(tokens: tokens.count, limit: tokenCountMax)
    }
    return tokens
  }
}
