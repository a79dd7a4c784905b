internal import Foundation

extension Rule {
  /// `min(1, v/0.5) · (0.6 c + 0.4 min(1, m/4)) · (0.3 + 0.7 (1 - exp(-k/8)))`: covers the topic,
  /// stays with it and adds to it.
  ///
  /// - `c`: share of the prompt's topic stems, weighted by their letters, that the response meets in
  ///   sentences (four words or more, one in seven a function word). A stem met only inside a run of
  ///   five or more words copied from the prompt counts half. A prompt without topic words has
  ///   c = 1 and m = 4.
  /// - `m`: how often topic stems are met outside such copies; it pulls against repetitiveness.
  /// - `v`: share of the response's distinct topic stems that are not the prompt's, so a parrot has
  ///   none and measures 0.
  /// - `k`: number of those new stems in sentences about the topic or next to one; it pulls against
  ///   conciseness, with diminishing returns.
  static func relevance(_ text: TextProfile, prompt: TextProfile) -> Double {
    let topic = topicStems(prompt)
    let copied = copiedWords(of: text, from: prompt)
    var credit: [String: Double] = [:]
    var mentionCount = topic.isEmpty ? 4.0 : 0
    var aboutTopic = [Bool](repeating: topic.isEmpty, count: text.sentences.count)
    for (index, sentence) in text.sentences.enumerated() where isRealSentence(sentence, of: text) {
      for position in sentence.words where isContent(text.words[position]) {
        let stem = Stemmer.stem(text.words[position])
        let met = topic.filter { Stemmer.related($0, stem) }
        if met.isEmpty { continue }
        aboutTopic[index] = true
        if !copied[position] { mentionCount += 1 }
        for wanted in met {
          credit[wanted] = max(credit[wanted] ?? 0, copied[position] ? 0.5 : 1)
        }
      }
    }
    let total = topic.reduce(0) { $0 + weight(of: $1) }
    let met = topic.reduce(0) { $0 + weight(of: $1) * (credit[$1] ?? 0) }
    let coverage = total == 0 ? 1 : met / total

    let promptStems = Set(prompt.contentStems)
    let isNew = { (stem: String) in !promptStems.contains { Stemmer.related($0, stem) } }
    let distinct = Set(text.contentStems)
    if distinct.isEmpty { return 0 }
    let novelty = Double(distinct.count(where: isNew)) / Double(distinct.count)

    var added: Set<String> = []
    for (index, sentence) in text.sentences.enumerated() {
      let neighbours = max(0, index - 1)...min(text.sentences.count - 1, index + 1)
      guard aboutTopic[neighbours].contains(true), isRealSentence(sentence, of: text) else {
        continue
      }
      added.formUnion(text.contentStems(in: sentence.words).filter(isNew))
    }
    let depth = 1 - exp(-Double(added.count) / 8)
    let closeness = 0.6 * coverage + 0.4 * min(1, mentionCount / 4)
    return min(1, novelty / 0.5) * closeness * (0.3 + 0.7 * depth)
  }

  /// Distinct stems that say what a prompt is about, in order.
  static func topicStems(_ prompt: TextProfile) -> [String] {
    var seen: Set<String> = []
    return prompt.words.filter { isContent($0) && !WordLists.instruction.contains($0) }
      .map(Stemmer.stem).filter { seen.insert($0).inserted }
  }

  private static func weight(of stem: String) -> Double { Double(min(stem.utf8.count, 8)) }

  private static func isRealSentence(_ sentence: Sentence, of text: TextProfile) -> Bool {
    let words = text.words[sentence.words]
    return words.count >= 4 && words.count { WordLists.function.contains($0) } * 7 >= words.count
  }

  /// Marks the words of a text that lie in a run of five words which the prompt has too.
  private static func copiedWords(of text: TextProfile, from prompt: TextProfile) -> [Bool] {
    let runLength = 5
    var copied = [Bool](repeating: false, count: text.words.count)
    guard prompt.words.count >= runLength, text.words.count >= runLength else { return copied }
    let runs = Set(
      (0...prompt.words.count - runLength).map { Array(prompt.words[$0..<$0 + runLength]) }
    )
    for start in 0...text.words.count - runLength
    where runs.contains(Array(text.words[start..<start + runLength])) {
      for position in start..<start + runLength { copied[position] = true }
    }
    return copied
  }
}
