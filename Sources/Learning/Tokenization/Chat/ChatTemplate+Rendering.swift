extension ChatTemplate {
  /// The parts of a conversation in order.
  func parts(
    _ messages: [ChatMessage],
    addGenerationPrompt: Bool
  ) throws(TokenizationError) -> [Part] {
    switch family {
    case .chatML(let system): chatML(messages, system, addGenerationPrompt)
    case .llama2: try llama2(messages)
    case .mistral: try mistral(messages)
    case .llama3(let always): llama3(messages, opensAnswer: always || addGenerationPrompt)
    case .llama3Dated: try llama3Dated(messages, addGenerationPrompt)
    case .zephyr: try zephyr(messages, addGenerationPrompt)
    case .gemma: try gemma(messages, addGenerationPrompt)
    case .gemma3: try gemma3(messages, addGenerationPrompt)
    case .qwen2_5(let system): try qwen2_5(messages, system, addGenerationPrompt)
    case .qwen3: try qwen3(messages, addGenerationPrompt)
    case .humanAssistant: try humanAssistant(messages, addGenerationPrompt)
    case .userAssistant: userAssistant(messages, addGenerationPrompt)
    }
  }

  /// The token that opens a sequence, where the vocabulary has one.
  private var start: [Part] { startToken.isEmpty ? [] : [.control(startToken)] }

  private var end: [Part] { endToken.isEmpty ? [] : [.control(endToken)] }

  // MARK: ChatML

  private func chatMLTurn(_ role: String, _ content: String) -> [Part] {
    [
      .control("<|im_start|>"), .text(role + "\n" + content), .control("<|im_end|>"), .text("\n"),
    ]
  }

  private static let chatMLAnswer = [Part.control("<|im_start|>"), .text("assistant\n")]

  private func chatML(_ messages: [ChatMessage], _ system: String?, _ opens: Bool) -> [Part] {
    var turns = messages
    if let system, let first = messages.first, first.role != "system" {
      turns.insert(.system(system), at: 0)
    }
    return turns.flatMap { chatMLTurn($0.role, $0.content) } + (opens ? Self.chatMLAnswer : [])
  }

  private func qwen2_5(
    _ messages: [ChatMessage],
    _ system: String,
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["system", "user", "assistant"])
    return chatML(messages, system, opens)
  }

  private func qwen3(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["system", "user", "assistant"])
    // Thoughts are kept in answers to the last question only.
    let question =
      messages.lastIndex {
        $0.role == "user"
          && !($0.content.hasPrefix("<tool_response>") && $0.content.hasSuffix("</tool_response>"))
      } ?? messages.count - 1
    var parts: [Part] = []
    for (index, message) in messages.enumerated() {
      guard message.role == "assistant" else {
        parts += chatMLTurn(message.role, message.content)
        continue
      }
      var content = message.content
      var thought = ""
      if content.contains("</think>") {
        let (before, after) = PythonText.ends(of: content, splitBy: "</think>")
        content = PythonText.stripLineBreaks(after, right: false)
        let inner = PythonText.stripLineBreaks(before, left: false)
        thought = PythonText.stripLineBreaks(
          PythonText.ends(of: inner, splitBy: "<think>").last,
          right: false
        )
      }
      if index > question, index == messages.count - 1 || !thought.isEmpty {
        content =
          "<think>\n" + PythonText.stripLineBreaks(thought) + "\n</think>\n\n"
          + PythonText.stripLineBreaks(content, right: false)
      }
      parts += chatMLTurn("assistant", content)
    }
    return parts + (opens ? Self.chatMLAnswer : [])
  }

  // MARK: [INST]

  private func llama2(_ messages: [ChatMessage]) throws(TokenizationError) -> [Part] {
    try Self.checkNotEmpty(messages)
    let system = messages[0].role == "system" ? messages[0].content : nil
    let turns = system == nil ? messages[...] : messages.dropFirst()
    try Self.checkAlternation(turns)
    try Self.check(messages, roles: ["system", "user", "assistant"])
    var parts: [Part] = []
    for (index, turn) in turns.enumerated() {
      var content = turn.content
      if index == 0, let system {
        content = "<<SYS>>\n" + system + "\n<</SYS>>\n\n" + content
      }
      content = PythonText.strip(content)
      switch turn.role {
      case "user":
        parts += start + [.marker("[INST]"), .text(" " + content + " "), .marker("[/INST]")]
      case "assistant": parts += [.text(" " + content + " ")] + end
      // A later message of the system is left out by the template.
      default: break
      }
    }
    return parts
  }

  private func mistral(_ messages: [ChatMessage]) throws(TokenizationError) -> [Part] {
    try Self.checkAlternation(messages[...])
    try Self.check(messages, roles: ["user", "assistant"])
    return start
      + messages.flatMap { turn -> [Part] in
        turn.role == "user"
          ? [.marker("[INST]"), .text(" " + turn.content + " "), .marker("[/INST]")]
          : [.text(turn.content)] + end
      }
  }

  // MARK: Llama 3

  private func llama3Header(_ role: String) -> [Part] {
    [
      .control("<|start_header_id|>"), .text(role), .control("<|end_header_id|>"), .text("\n\n"),
    ]
  }

  private func llama3Turn(_ role: String, _ content: String) -> [Part] {
    llama3Header(role) + [.text(PythonText.strip(content)), .control("<|eot_id|>")]
  }

  private func llama3(_ messages: [ChatMessage], opensAnswer: Bool) -> [Part] {
    (messages.isEmpty ? [] : start) + messages.flatMap { llama3Turn($0.role, $0.content) }
      + (opensAnswer ? llama3Header("assistant") : [])
  }

  private func llama3Dated(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["system", "user", "assistant"])
    let system = messages[0].role == "system" ? PythonText.strip(messages[0].content) : ""
    let dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
    let turns = messages[0].role == "system" ? messages.dropFirst() : messages[...]
    return start + llama3Header("system") + [.text(dates + system), .control("<|eot_id|>")]
      + turns.flatMap { llama3Turn($0.role, $0.content) }
      + (opens ? llama3Header("assistant") : [])
  }

  // MARK: Gemma

  private func gemmaTurn(_ turn: ChatMessage, before: String = "") -> [Part] {
    let role = turn.role == "assistant" ? "model" : turn.role
    return [
      .control("<start_of_turn>"), .text(role + "\n" + before + PythonText.strip(turn.content)),
      .control("<end_of_turn>"), .text("\n"),
    ]
  }

  private static let gemmaAnswer = [Part.control("<start_of_turn>"), .text("model\n")]

  private func gemma(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.checkNotEmpty(messages)
    if messages[0].role == "system" {
      throw .conversation(detail: "it begins with the role system, which Gemma does not know")
    }
    try Self.checkAlternation(messages[...])
    return start + messages.flatMap { gemmaTurn($0) } + (opens ? Self.gemmaAnswer : [])
  }

  private func gemma3(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["system", "user", "assistant"])
    let system = messages[0].role == "system" ? messages[0].content + "\n\n" : ""
    let turns = messages[0].role == "system" ? messages.dropFirst() : messages[...]
    try Self.checkAlternation(turns)
    var parts = start
    for (index, turn) in turns.enumerated() {
      parts += gemmaTurn(turn, before: index == 0 ? system : "")
    }
    return parts + (opens ? Self.gemmaAnswer : [])
  }

  // MARK: Plain text

  private func zephyr(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["system", "user", "assistant"])
    return messages.flatMap { turn in
      [.marker("<|\(turn.role)|>"), .text("\n" + turn.content)] + end + [.text("\n")]
    } + (opens ? [.marker("<|assistant|>"), .text("\n")] : [])
  }

  private func humanAssistant(
    _ messages: [ChatMessage],
    _ opens: Bool
  ) throws(TokenizationError) -> [Part] {
    try Self.check(messages, roles: ["user", "assistant"])
    let names = ["user": "Human", "assistant": "Assistant"]
    return messages.map { turn in
      .text("\n\n" + (names[turn.role] ?? turn.role) + ": " + turn.content)
    } + (opens ? [.text("\n\nAssistant:")] : [])
  }

  private func userAssistant(_ messages: [ChatMessage], _ opens: Bool) -> [Part] {
    messages.map { turn in
      .text(PythonText.capitalize(turn.role) + ": " + turn.content + "\n\n")
    } + (opens ? [.text("Assistant:")] : [])
  }

  // MARK: What templates refuse

  private static func checkNotEmpty(_ messages: [ChatMessage]) throws(TokenizationError) {
    if messages.isEmpty { throw .conversation(detail: "it has no turns") }
  }

  private static func check(
    _ messages: [ChatMessage],
    roles: [String]
  ) throws(TokenizationError) {
    try checkNotEmpty(messages)
    if let turn = messages.first(where: { !roles.contains($0.role) }) {
      throw .conversation(
        detail: "the role \(turn.role); it knows \(roles.joined(separator: ", "))"
      )
    }
  }

  private static func checkAlternation(
    _ turns: ArraySlice<ChatMessage>
  ) throws(TokenizationError) {
    for (index, turn) in turns.enumerated() where (turn.role == "user") != (index % 2 == 0) {
      throw .conversation(
        detail: "turn \(index + 1) is of \(turn.role), but user and assistant must alternate"
      )
    }
  }
}
