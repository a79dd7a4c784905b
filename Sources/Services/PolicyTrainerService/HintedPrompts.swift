internal import Messages
internal import ServiceKit

/// A prompt with and without instructions behind it, so that the answers sampled for labelling differ
/// in what the principles judge, and not only by chance.
///
/// A small model runs into the token limit with nearly every answer; without short and finished
/// answers among the pairs no preference model could learn to tell them apart.
struct HintedPrompts: Sendable {
  private let hints: [String]
  /// Answers to each variant of a prompt.
  let answersPerVariant: Int

  /// Checks the hints of a request.
  ///
  /// - Throws: a refusal that names the field when the answers cannot be shared out evenly.
  init(_ hints: [String], answersPerPrompt: Int) throws {
    guard hints.count <= 16, hints.allSatisfy({ !$0.isEmpty }) else {
      throw MessageChecks.refusal("hints: give at most 16 texts, none of them empty")
    }
    guard answersPerPrompt.isMultiple(of: hints.count + 1) else {
      throw MessageChecks.refusal(
        "samples_per_prompt: \(answersPerPrompt) answers cannot be shared evenly among a prompt without "
          + "and with \(hints.count) hints; give a multiple of \(hints.count + 1)"
      )
    }
    self.hints = hints
    answersPerVariant = answersPerPrompt / (hints.count + 1)
  }

  /// Variants of each prompt.
  var count: Int { hints.count + 1 }

  /// Every variant of every prompt, those of one prompt together, the plain one first.
  func prompts(of prompts: [Prompt]) -> [Prompt] {
    prompts.flatMap { prompt in
      [prompt]
        + hints.enumerated().map { index, hint in
          Prompt(id: "\(prompt.id)+\(index + 1)", text: "\(prompt.text) \(hint)")
        }
    }
  }

  /// An answer counted under its plain prompt.
  func underPlainPrompt(_ answer: SampledText) -> SampledText {
    SampledText(
      promptIndex: answer.promptIndex / count,
      sampleIndex: answer.promptIndex % count * answersPerVariant + answer.sampleIndex,
      text: answer.text,
      tokenCount: answer.tokenCount,
      finishReason: answer.finishReason,
      sumLogProbability: answer.sumLogProbability
    )
  }
}
