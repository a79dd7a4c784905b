import Labeling
import Testing

@Suite struct TextProfileTests {
  @Test func `words are runs of letters and digits without inner apostrophes`() {
    #expect(
      TextProfile("Don't stop—the 2nd co-op’s café!").words == [
        "dont", "stop", "the", "2nd", "co", "ops", "café",
      ]
    )
  }

  @Test func `sentences end at punctuation before a blank and at line breaks`() {
    let text = TextProfile("Wait 3.5 minutes. Then go on!\n- Stir it\n2. Serve (warm)")
    #expect(text.sentences.map(\.words.count) == [4, 3, 2, 2])
    #expect(text.sentences.map(\.isFinished) == [true, true, true, false])
    #expect(!text.endsFinished)
  }

  @Test(
    arguments: [
      ("It works.", true), ("\"It works.\"", true), ("**It works.**", true), ("It works", false),
      ("It works. ", true), ("It works.\n\n", true), ("It works…", false), ("It works...", false),
      ("It works. Then the.", false), ("It works.\n2.", false), ("It works. 2.", false),
      ("", false),
    ])
  func `the end of a text is judged`(text: String, isFinished: Bool) {
    #expect(TextProfile(text).endsFinished == isFinished)
  }

  @Test func `implausible words are seen`() {
    let text = TextProfile("hello xkqzrtw rhythm aaaa zzz I 12 1234567 漢字 straight")
    #expect(text.plausibleWords == ["hello", "rhythm", "i", "12", "straight"])
  }
}

@Suite struct StemmerTests {
  @Test(
    arguments: [
      ("chopping", "chop"), ("chopped", "chop"), ("chops", "chop"), ("onions", "onion"),
      ("cried", "cry"), ("cries", "cry"), ("crying", "cry"), ("making", "mak"), ("make", "mak"),
      ("glass", "glass"), ("boxes", "box"), ("quickly", "quick"), ("bus", "bus"), ("sing", "sing"),
      ("falling", "fall"), ("red", "red"), ("virus", "virus"),
    ])
  func `endings are dropped`(word: String, stem: String) {
    #expect(Stemmer.stem(word) == stem)
  }

  @Test func `families are joined by a long common beginning`() {
    #expect(Stemmer.related("resilienc", "resilient"))
    #expect(!Stemmer.related("contain", "continu"))
    #expect(!Stemmer.related("cat", "catalog"))
  }
}
