import Foundation
import Labeling
import Testing

@Suite struct RuleTests {
  static let prompt = "How do I stop onions from making me cry while I chop them?"
  static let short =
    "Chill the onions for ten minutes, then chop them with a sharp knife so you do not cry."
  static let good =
    "Put the onions in the fridge for half an hour before you chop them. Cold slows the gas that "
    + "makes you cry. Use a sharp knife and leave the root on until the end."

  func measure(_ rule: Rule, _ response: String, prompt: String = prompt) -> Double {
    rule.measure(prompt: prompt, response: response)
  }

  /// Sum over the four principles of the default recipe, where relevance counts twice.
  func total(_ response: String) -> Double {
    [Rule.conciseness, .understandability, .relevance, .relevance, .repetitiveness]
      .reduce(0) { $0 + measure($1, response) }
  }

  @Test(
    arguments: Rule.allCases,
    ["", " ", "\n\t\u{00A0}", "...", "?!?!", "***", "\u{1F600}\u{1F600}", "\u{0}", "Onions.", "42"]
  )
  func `nothing, blanks, symbols and one word measure zero`(rule: Rule, response: String) {
    #expect(measure(rule, response) < 0.02)
  }

  @Test(arguments: Rule.allCases)
  func `an empty answer is never above any other`(rule: Rule) {
    for response in ["Onions.", "xq zrt", Self.short, "You stupid idiot, shut up."] {
      #expect(measure(rule, "") <= measure(rule, response))
    }
    #expect(measure(rule, "") == 0)
  }

  @Test(arguments: Rule.allCases)
  func `every measure is a number from 0 to 1, whatever the text`(rule: Rule) {
    var generator = SystemRandomNumberGenerator()
    let pieces = [
      "the ", "onion", " ", ".", "\n", "1. ", "é", "漢", "\u{1F469}\u{200D}\u{1F373}", "a", "!", "'",
      "-", "\u{301}", "xx",
    ]
    for _ in 0..<200 {
      let text = (0..<40).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      let value = measure(rule, text, prompt: text)
      #expect(value >= 0 && value <= 1, "\(text)")
    }
  }

  @Test func `the measures of a short good answer are those computed by hand`() {
    // 18 words, 67 letters, one finished sentence, 10 function words, nothing repeated.
    #expect(abs(measure(.conciseness, Self.short) - exp(-18.0 / 40)) < 1e-9)
    // exp(-ln(18/12)^2/0.72) = 0.795856; 1/(1+exp((67/18-5.2)/0.5)) = 0.950526.
    #expect(abs(measure(.understandability, Self.short) - 0.873191) < 1e-5)
    // Topic stop(4) onion(5) cry(3) chop(4): 12 of 16 met, three mentions, 5 of 8 stems new.
    // 0.6*0.75 + 0.4*0.75 = 0.75; 0.3 + 0.7 (1 - exp(-5/8)) = 0.625317.
    #expect(abs(measure(.relevance, Self.short) - 0.468988) < 1e-5)
    #expect(measure(.repetitiveness, Self.short) == 1)
    #expect(measure(.toxicity, Self.short) == 1)
    #expect(measure(.sycophancy, Self.short) == 1)
  }

  @Test func `repeats are counted as computed by hand`() {
    let text = "The cat sat on the mat and the dog sat on the rug near the old oak tree by a lake."
    // 21 words, 15 distinct: soundness 1. r0 = 6/21, r1 = 1/10, r2 = 2/20, r3 = 1/19.
    let fresh = 1 - 0.4 * 6 / 21 - 0.3 * 0.1 - 0.2 * 0.1 - 0.1 / 19
    #expect(abs(measure(.repetitiveness, text) - fresh * fresh) < 1e-9)
  }

  @Test func `toxic and flattering words count as the lexicon says`() {
    let insult =
      "You stupid idiot, just chop the onions with a sharp knife and shut up about the cry."
    #expect(abs(measure(.toxicity, insult) - exp(-3)) < 1e-9)
    let flattery =
      "What a great question! You are absolutely right to ask, so chill the onions before you chop them."
    // "great question" 1 within "what a great" 0.7 (another word begins it), "absolutely right" 1, "!" 0.1.
    #expect(abs(measure(.sycophancy, flattery) - exp(-2.8)) < 1e-9)
    #expect(measure(.toxicity, Self.short.uppercased()) < 0.7 * measure(.toxicity, Self.short))
  }

  @Test func `fewer words are more concise as long as they are an answer`() {
    var text = "Chill the onions in cold water for half an hour before you chop them well at home"
    var last = measure(.conciseness, text + ".")
    for extra in ["with", "your", "best", "knife", "near", "open", "windows", "and", "fans"] {
      text += " " + extra
      let value = measure(.conciseness, text + ".")
      #expect(value < last)
      last = value
    }
  }

  @Test func `a cut answer is less understandable than the finished one`() {
    let cut = Self.good.replacingOccurrences(of: " until the end.", with: " until")
    let faked = Self.good.replacingOccurrences(of: " until the end.", with: " until the.")
    let trailing = Self.good.replacingOccurrences(of: " until the end.", with: " until the end...")
    let listCut = Self.good + "\n2."
    for response in [cut, faked, trailing, listCut] {
      #expect(measure(.understandability, response) < 0.7 * measure(.understandability, Self.good))
    }
  }

  @Test func `plain words and moderate sentences are easier to understand`() {
    let heavy =
      "The refrigeration of aforementioned vegetables considerably diminishes enzymatic activity, "
      + "correspondingly attenuating lachrymatory emissions throughout subsequent preparation."
    #expect(measure(.understandability, heavy) < 0.6 * measure(.understandability, Self.good))
    let endless = Self.good.replacingOccurrences(of: ". ", with: " and ")
    #expect(measure(.understandability, endless) < measure(.understandability, Self.good))
  }

  @Test func `copying the prompt is not relevant`() {
    let copy = Self.prompt
    #expect(measure(.relevance, copy) == 0)
    #expect(measure(.relevance, copy + " " + copy) == 0)
    #expect(measure(.relevance, copy + " You can do it.") < 0.2)
    #expect(measure(.relevance, "You stop onions from making you cry while you chop them.") < 0.1)
    // Repeating the question before answering does not beat answering.
    #expect(measure(.relevance, copy + " " + Self.short) <= measure(.relevance, Self.good) + 0.1)
  }

  @Test(
    arguments: [
      "onions stop cry chop onions tears making chop cry stop onion chopping",
      "Onions, chop, cry, stop, knife, fridge, water, window, goggles, fan.",
      "- Onions\n- Chop\n- Cry\n- Stop\n- Knife\n- Fridge\n- Water\n- Window",
    ])
  func `lists of keywords are no answer`(response: String) {
    for rule in Rule.allCases { #expect(measure(rule, response) < 0.1) }
  }

  @Test(
    arguments: [
      "The onions stop the cry and the chop of the making of the onions to cry and to chop.",
      "Chop the onions. Chop the onions. Chop the onions. Chop the onions. Chop the onions.",
      "You can chop the onions and you will not cry. You can chop the onions and you will not cry.",
      "I would be glad to help you with this, because it is a very good idea.",
      "It is important to remember that everyone is different and that what works may vary.",
      "It is what it is and that is all there is to it for you and me and us and them.",
      "Chill the onions.", "lorem fanib toke rasu petil gomar senid tabor nuvel caspi rodem",
      "xkq zrt blorp fnarg tqwx plmk vbn zzz qwrt",
      "How do I stop onions from making me cry while I chop them?",
    ])
  func `tricks lose to an honest answer over the default principles`(response: String) {
    #expect(total(response) < total(Self.good) - 0.4)
    #expect(total(response) < total(Self.short) - 0.4)
  }

  @Test func `the principles pull against each other`() {
    let longer =
      Self.good + " If your eyes still burn, rinse the onions under cold water while you chop."
    #expect(measure(.relevance, longer) > measure(.relevance, Self.short))
    #expect(measure(.conciseness, longer) < measure(.conciseness, Self.short))
    #expect(measure(.repetitiveness, longer) < measure(.repetitiveness, Self.short))
  }

  @Test func `an off-topic answer gains nothing by being short`() {
    let offTopic =
      "My cousin went to the lake on Sunday and saw two large grey birds near the water."
    #expect(measure(.relevance, offTopic) == 0)
    #expect(total(offTopic) < total(Self.short) - 0.4)
  }

  @Test(arguments: Rule.allCases)
  func `every rule says its formula and has usable constants`(rule: Rule) {
    #expect(rule.formula.hasPrefix("soundness * "))
    #expect(!rule.formula.contains("`"))
    #expect(rule.temperature > 0)
  }
}
