/// The kinds of chat templates that are reproduced.
package enum ChatTemplateFamily: Sendable, Equatable {
  /// `<|im_start|>role … <|im_end|>`, as of SmolLM2 and Qwen2; the message of the system that is put
  /// first when a conversation does not begin with one.
  case chatML(defaultSystemMessage: String?)
  /// `[INST] <<SYS>> … [/INST]` with a start and an end token around every exchange.
  case llama2
  /// Mistral's `[INST] … [/INST]` with one start token (Instruct v0.2).
  case mistral
  /// Llama 3's headers; the first published template opens an answer even when not asked to.
  case llama3(alwaysOpensAnswer: Bool)
  /// Llama 3.1 and 3.2: the system's turn begins with dates.
  ///
  /// The date of today is the template's own default, 26 Jul 2024, so that a conversation is the
  /// same prompt on every day; Llama 3.2's template would take the clock's.
  case llama3Dated
  /// `<|user|>` and so on, each turn ended by the end token (Zephyr, TinyLlama).
  case zephyr
  /// Gemma 1 and 2: `<start_of_turn>`, without a system.
  case gemma
  /// Gemma 3: the system's message is put before the first turn of the user.
  case gemma3
  /// Qwen2.5: ChatML whose roles are fixed, always with a message of the system.
  case qwen2_5(defaultSystemMessage: String)
  /// Qwen3: ChatML with thoughts; those of earlier answers are left out.
  case qwen3
  /// `Human: …`, `Assistant: …` as in Anthropic's helpful and harmless conversations.
  case humanAssistant
  /// `User: …`, `Assistant: …` with an empty line after each turn (TRL's simple template).
  case userAssistant

  /// The families, for messages.
  static let names = """
    ChatML, Llama 2, Mistral, Llama 3, Llama 3.1, Llama 3.2, Zephyr, Gemma, Gemma 3, Qwen2.5, \
    Qwen3 and Human/Assistant
    """
}
