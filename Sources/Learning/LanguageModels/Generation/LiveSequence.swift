internal import Tensors

/// The keys and values of one prompt, shared by all its samples.
///
/// SAFETY: filled by one thread during prefill, only read afterwards.
final class PromptCache: @unchecked Sendable {
  /// The prompt's keys and values.
  let segment: KeyValueSegment
  /// The final-normed hidden state of the prompt's last token: (1, width).
  let lastHidden: Tile

  /// Takes over a filled segment.
  init(segment: KeyValueSegment, lastHidden: Tile) {
    self.segment = segment
    self.lastHidden = lastHidden
  }
}

/// One answer that is being drawn.
struct LiveSequence {
  let promptIndex: Int
  let sampleIndex: Int
  let prompt: PromptCache
  /// The longest answer, the model's context considered.
  let tokensMax: Int
  /// The answer's own random numbers, which do not depend on what else is being drawn.
  var generator: SeededGenerator
  var tokens: [Int32] = []
  var logProbabilities: [Float] = []
  /// The answer's own keys and values; the last segment has room or a new one is added.
  var segments: [KeyValueSegment] = []
  var finishReason: FinishReason?

  /// The position of the next token to be fed in.
  var position: Int { prompt.segment.count + tokens.count - 1 }

  /// The sequence so far, oldest first.
  var allSegments: [KeyValueSegment] { [prompt.segment] + segments }

  /// The finished answer; `nil` while it goes on.
  var completion: Completion? {
    finishReason.map {
      Completion(
        promptIndex: promptIndex,
        sampleIndex: sampleIndex,
        tokens: tokens,
        logProbabilities: logProbabilities,
        finishReason: $0
      )
    }
  }
}
