internal import Foundation

/// One line of a preference file: `prompt, chosen, rejected`, optional `principle, margin, source`.
///
/// - Source: the explicit-prompt format of PEERS 2.7; texts are strings.
package struct PreferenceRecord: Sendable, Equatable, Codable {
  /// What both responses answer.
  package var prompt: String
  /// The better response.
  package var chosen: String
  /// The worse response.
  package var rejected: String
  /// The principle by which it is better; overall if absent.
  package var principle: String?
  /// By how much, in nats, at least 0; a plain preference if absent.
  package var margin: Double?
  /// Who said so.
  package var source: String?

  /// Probability given to an imported preference that comes without a margin.
  ///
  /// People contradict themselves and each other; certainty would ask a preference model for an
  /// infinite difference of scores.
  package static let confidenceWithoutMargin = 0.98
  /// Principle of preferences that name none.
  package static let overallPrincipleID = "overall"
  /// Judge of preferences that name no source.
  package static let importJudgeID = "imported"

  /// Creates a record from its parts.
  package init(
    prompt: String,
    chosen: String,
    rejected: String,
    principle: String? = nil,
    margin: Double? = nil,
    source: String? = nil
  ) {
    self.prompt = prompt
    self.chosen = chosen
    self.rejected = rejected
    self.principle = principle
    self.margin = margin
    self.source = source
  }

  /// The record of a stored label, or nil for a tie, which has no better response.
  package init?(pair: PreferencePair, label: Label) {
    if label.isTie { return nil }
    let prefersA = label.probabilityA > 0.5
    prompt = pair.prompt
    chosen = prefersA ? pair.responseA : pair.responseB
    rejected = prefersA ? pair.responseB : pair.responseA
    principle = label.principleID
    margin = abs(log(label.probabilityA) - log1p(-label.probabilityA))
    source = pair.source.isEmpty ? label.judgeID : pair.source
  }

  /// The pair and label to store for this preference.
  ///
  /// The better response becomes A or B by the hash of the texts, so that position says nothing
  /// (METHODS A(e), label leakage by position), and the same texts always give the same pair.
  package func labelled() -> LabelledPair {
    let texts = [chosen, rejected].sorted()
    let digest = SHA256.hexDigest(of: [prompt] + texts)
    let swap = digest.utf8.first.map { $0 % 2 == 1 } ?? false
    let pair = PreferencePair(
      id: "imported-" + digest.prefix(24),
      prompt: prompt,
      responseA: texts[swap ? 1 : 0],
      responseB: texts[swap ? 0 : 1],
      source: source ?? ""
    )
    let confidence = margin.map { logistic($0) } ?? Self.confidenceWithoutMargin
    let label = Label(
      pairID: pair.id,
      principleID: principle ?? Self.overallPrincipleID,
      judgeID: Self.importJudgeID,
      judgeVersion: "1",
      probabilityA: pair.responseA == chosen ? confidence : 1 - confidence
    )
    return LabelledPair(pair: pair, label: label, principleHash: "")
  }

  /// Says what is wrong with the fields, or nil if nothing is.
  var defect: String? {
    if prompt.isEmpty { return "field prompt is empty" }
    if chosen == rejected { return "fields chosen and rejected are the same text" }
    for (name, text) in [("prompt", prompt), ("chosen", chosen), ("rejected", rejected)]
    where text.utf8.count > PreferencePair.textByteCountMax {
      return "field \(name) has more than \(PreferencePair.textByteCountMax) bytes"
    }
    if let margin, !margin.isFinite || margin < 0 {
      return "field margin is \(margin); it must be a number of nats, 0 or more"
    }
    if let principle, let defect = Principle(id: principle, text: "x", negativeText: "").defect {
      return "field principle: " + defect
    }
    return nil
  }
}
