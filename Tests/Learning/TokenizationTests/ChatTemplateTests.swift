import Foundation
import Testing
import Tokenization

@Suite struct ChatTemplateTests {
  /// `chat-templates.json`, which `make_chat_goldens.py` wrote.
  struct Goldens: Decodable {
    struct Template: Decodable, CustomTestStringConvertible {
      var name: String
      var source: String?
      var texts: [String?]

      var testDescription: String { name }
    }

    /// Turns as pairs of role and content.
    var conversations: [[[String]]]
    var templates: [Template]

    static func load() -> Goldens {
      let file = TokenGoldens.folder.appending(path: "chat-templates.json")
      let goldens = (try? Data(contentsOf: file)).flatMap {
        try? JSONDecoder().decode(Goldens.self, from: $0)
      }
      return goldens ?? Goldens(conversations: [], templates: [])
    }
  }

  private static let families: [String: ChatTemplateFamily] = [
    "chatml": .chatML(defaultSystemMessage: nil),
    "qwen2": .chatML(defaultSystemMessage: "You are a helpful assistant."), "llama-2": .llama2,
    "mistral": .mistral, "llama-3-first": .llama3(alwaysOpensAnswer: true),
    "llama-3": .llama3(alwaysOpensAnswer: false), "llama-3.1": .llama3Dated,
    "llama-3.2": .llama3Dated, "zephyr": .zephyr, "gemma": .gemma, "gemma-3": .gemma3,
    "qwen2.5": .qwen2_5(
      defaultSystemMessage: "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    ), "qwen3": .qwen3, "human-assistant": .humanAssistant,
    "user-assistant": .userAssistant,
  ]

  @Test func `there are goldens for every family`() {
    #expect(Set(Goldens.load().templates.map(\.name)) == Set(Self.families.keys))
  }

  @Test(arguments: Goldens.load().templates)
  func `conversations render as transformers renders them`(_ golden: Goldens.Template) throws {
    let family = try #require(Self.families[golden.name])
    let template = ChatTemplate(family: family, startToken: "<s>", endToken: "</s>")
    let conversations = Goldens.load().conversations
    try #require(golden.texts.count == 2 * conversations.count)
    for (index, expected) in golden.texts.enumerated() {
      let messages = conversations[index / 2].map { ChatMessage(role: $0[0], content: $0[1]) }
      let text = Result { () throws(TokenizationError) in
        try template.render(messages, addGenerationPrompt: index % 2 == 1)
      }
      switch text {
      case .success(let text):
        #expect(text.utf8.elementsEqual((expected ?? "(refused)").utf8), "\(messages): \(text)")
      case .failure: #expect(expected == nil, "\(messages)")
      }
    }
  }

  @Test(arguments: Goldens.load().templates.filter { $0.source != nil })
  func `a published template is recognised, and one that differs in meaning is not`(
    _ golden: Goldens.Template
  ) throws {
    let source = try #require(golden.source)
    let template = ChatTemplate(source: source, startToken: "<s>", endToken: "</s>")
    #expect(template?.family == Self.families[golden.name])
    // Escapes for line breaks in literals, and a file's last line break, mean the same.
    #expect(ChatTemplate(source: source + "\n")?.family == template?.family)
    for other in [
      "x" + source, source + "x", source.replacing("assistant", with: "bot"),
      source.replacing("message", with: "messaqe"), source + "{{ bos_token }}",
      String(source.dropLast(12)),
    ] {
      #expect(other == source || ChatTemplate(source: other) == nil, "\(other)")
    }
  }

  private static let turn =
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
  private static let end =
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
  private static let plain = "{% for message in messages %}" + turn + end

  private static func withDefault(_ message: String) -> String {
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
      + "{{ '<|im_start|>system\\n\(message)<|im_end|>\\n' }}{% endif %}" + turn + end
  }

  @Test(arguments: [
    plain.replacing("\\n", with: "\n"), plain.replacing("'", with: "\""),
    plain.replacing("message['role']", with: "message.role"), plain.replacing(" + ", with: "+"),
    plain.replacing("{% endfor %}", with: "\n  {%- endfor -%}  \n"),
    plain.replacing("{% endfor %}", with: "{#- a remark -#}{% endfor %}\n"),
    plain.replacing("{% if", with: "{%if  "),
  ])
  func `another spelling of the same template is recognised`(_ source: String) {
    #expect(ChatTemplate(source: source)?.family == .chatML(defaultSystemMessage: nil))
  }

  @Test(arguments: ["You are a helpful assistant.", "tab\t", "{{x}}", "it is 'quoted'", ""])
  func `the default system message is read from the source`(_ message: String) throws {
    let literal = message.replacing("\t", with: "\\t").replacing("'", with: "\\'")
    let template = try #require(ChatTemplate(source: Self.withDefault(literal)))
    #expect(template.family == .chatML(defaultSystemMessage: message))
    #expect(
      try template.render([.user("a")], addGenerationPrompt: false)
        == "<|im_start|>system\n\(message)<|im_end|>\n<|im_start|>user\na<|im_end|>\n"
    )
    #expect(
      try template.render([.system("s")], addGenerationPrompt: false)
        == "<|im_start|>system\ns<|im_end|>\n"
    )
    #expect(try template.render([], addGenerationPrompt: false).isEmpty)
  }

  @Test func `Qwen2.5 with another default system message is recognised`() throws {
    let golden = try #require(Goldens.load().templates.first { $0.name == "qwen2.5" })
    let qwen = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    let source = try #require(golden.source).replacing(qwen, with: "Count.")
    #expect(ChatTemplate(source: source)?.family == .qwen2_5(defaultSystemMessage: "Count."))
  }

  @Test(arguments: [
    "", "{{ messages }}", plain + " ", "x" + plain, plain.replacing("im_start", with: "start"),
    plain.replacing("assistant", with: "bot"), withDefault("a' + evil + 'b"),
    withDefault("a\\x41"), "{% for message in messages %}" + end, "{{ 'open", "{%", "{#", "{{-",
    plain.replacing("{{'<|im", with: "{{ '<|im ' + '<|im"),
    "{% for message in messages %}{% if loop.first %}x{% endif %}" + turn + end,
  ])
  func `anything else is not recognised`(_ source: String) {
    #expect(ChatTemplate(source: source) == nil)
  }
}
