import Testing
import Tokenization

@Suite struct ChatTemplateTests {
  private static let turn =
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
  private static let end =
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
  private static let plain = "{% for message in messages %}" + turn + end

  private static func withDefault(_ message: String) -> String {
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
      + "{{ '<|im_start|>system\\n\(message)<|im_end|>\\n' }}{% endif %}" + turn + end
  }

  @Test func `plain ChatML is recognised`() throws {
    let template = try #require(ChatTemplate(source: Self.plain))
    #expect(template.defaultSystemMessage == nil)
    let text = template.render([.user("a")], addGenerationPrompt: true)
    #expect(text == "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n")
  }

  @Test func `the default system message is read from the source`() throws {
    let source = Self.withDefault("You are a helpful assistant.")
    let template = try #require(ChatTemplate(source: source))
    #expect(template.defaultSystemMessage == "You are a helpful assistant.")
    #expect(
      template.render([.user("a")], addGenerationPrompt: false)
        == "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        + "<|im_start|>user\na<|im_end|>\n"
    )
    #expect(
      template.render([.system("s")], addGenerationPrompt: false)
        == "<|im_start|>system\ns<|im_end|>\n"
    )
    #expect(template.render([], addGenerationPrompt: false).isEmpty)
  }

  @Test(arguments: [
    "", "{{ messages }}", plain + " ", " " + plain, plain.replacing("im_start", with: "start"),
    plain.replacing("assistant", with: "bot"), withDefault("a' + evil + 'b"),
    withDefault("tab\\t"), withDefault("{{x}}"), "{% for message in messages %}" + end,
    "{% for message in messages %}{% if loop.first %}x{% endif %}" + turn + end,
  ])
  func `anything else is not recognised`(_ source: String) {
    #expect(ChatTemplate(source: source) == nil)
  }
}
