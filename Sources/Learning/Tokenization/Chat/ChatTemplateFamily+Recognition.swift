internal import Hashing

extension ChatTemplateFamily {
  /// Recognises a template by its source; `nil` when it is none of those that are known.
  init?(source: String) {
    var tokens = TemplateSource(source).tokens
    let message = Self.takeDefaultMessage(from: &tokens)
    switch (Self.published[SHA256.hexDigest(ofParts: tokens.map(\.part))], message) {
    case (.chatML(""), let message?): self = .chatML(defaultSystemMessage: message)
    case (.qwen2_5(""), let message?): self = .qwen2_5(defaultSystemMessage: message)
    case (let known?, nil): self = known
    default: return nil
    }
  }

  /// Takes the default message of the system out of a template of the ChatML kind, so that templates
  /// that differ in nothing else are the same.
  private static func takeDefaultMessage(from tokens: inout [TemplateSource.Token]) -> String? {
    let (before, after) = ("<|im_start|>system\n", "<|im_end|>\n")
    for token in tokens {
      guard case .string(let text) = token, text.hasPrefix(before), text.hasSuffix(after),
        text.utf8.count >= (before + after).utf8.count
      else { continue }
      let message = String(text.dropFirst(before.count).dropLast(after.count))
      for index in tokens.indices {
        if tokens[index] == token { tokens[index] = .string(before + after) }
        // Qwen2.5 writes it a second time, alone.
        if tokens[index] == .string(message) { tokens[index] = .string("") }
      }
      return message
    }
    return nil
  }

  /// Published templates by the SHA-256 of their tokens (see `TemplateSource`), without the default
  /// message of the system where there is one.
  ///
  /// Sources and what `transformers` makes of them are in `Tests/Vectors/models/chat-templates.json`.
  private static let published: [String: ChatTemplateFamily] = [
    // OpenHermes-2.5-Mistral-7B and others
    "21057e46c222a39c2fe67ab1e449dfd0b8046fa5aacbd49315a3a4f03937630f": .chatML(
      defaultSystemMessage: nil
    ),
    // SmolLM2-135M-Instruct, Qwen2-0.5B-Instruct
    "aca2f83c2825094634513fd6fa152c805e1e0635119913fde109bc952c2b46af": .chatML(
      defaultSystemMessage: ""
    ),
    // Llama-2-7b-chat-hf
    "97edb3ee8c30aa4ca5196bd9058c9682e561211376e06a39e89ee5d29a808fd1": .llama2,
    // Mistral-7B-Instruct-v0.2
    "7340278424e2ff02ef333dde2c47d7c8eb0a7ec6f28863e13f99f475bb167728": .mistral,
    // Meta-Llama-3-8B-Instruct, as first published
    "f3c16ed635c6300f587df9b81a9a791dcf739353d6e527f1398ee4a533ce5d5e": .llama3(
      alwaysOpensAnswer: true
    ),
    // Meta-Llama-3-8B-Instruct
    "e122f6d652ed884541ebd226cec3a04f9bdcb0f7c68c625ab53edcc12abc2ff2": .llama3(
      alwaysOpensAnswer: false
    ),
    // Llama-3.1-8B-Instruct
    "df066f6cebb7ffeb2bd74e11294aa86aab558f4c59e22ee35043ccbf443c332c": .llama3Dated,
    // Llama-3.2-1B-Instruct
    "89348a8ddc7c15c8d11a79a0eb3ff44792ddd64fa7529b0b915e7a7de090ad71": .llama3Dated,
    // zephyr-7b-beta, TinyLlama-1.1B-Chat-v1.0
    "743641d191aaf5821905807ed047e7295adab64cce0a2c2a25f1b32eeb2ac5e3": .zephyr,
    // gemma-7b-it, gemma-2-2b-it
    "664c5a2b191dae7e3441b996c80aa8f4de87eaefdab64482d4be63a4441034b4": .gemma,
    // gemma-3-1b-it
    "929259c25bbf9d7cd64fa1b8d02b99c5ff8b67c28b9485a05eb24e5782f7ae91": .gemma3,
    // Qwen2.5-0.5B-Instruct
    "4842f59164dcdf137b2fb924706caf5cffd71a97c86403c2f87e668f8ea343d3": .qwen2_5(
      defaultSystemMessage: ""
    ),
    // Qwen3-0.6B
    "de50b64a893a931bd5164795de596cf66eae3aee3e78bfc95f29577282f04c90": .qwen3,
    // conversations as in hh-rlhf
    "4f97419314f30755ab9d3c0f38cb7093b242be94c244b524137bdd380a8a7ff2": .humanAssistant,
    // TRL's SIMPLE_CHAT_TEMPLATE
    "7ba1dbc9b311745726f336085c111a277ba1f7afd8d9c4f5458363e0d9639714": .userAssistant,
  ]
}
