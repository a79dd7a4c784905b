internal import Labeling
internal import Messages
internal import ServiceKit

extension Labeling.PreferencePair {
  /// Reads the contract's form; the store checks lengths and identifiers.
  init(_ message: Messages.PreferencePair) {
    self.init(
      id: message.id,
      prompt: message.prompt,
      responseA: message.responseA,
      responseB: message.responseB,
      source: message.source
    )
  }

  /// The contract's form.
  var message: Messages.PreferencePair {
    Messages.PreferencePair(
      id: id,
      prompt: prompt,
      responseA: responseA,
      responseB: responseB,
      source: source
    )
  }
}

extension Labeling.Label {
  /// The contract's form.
  var message: Messages.Label {
    var measures: Messages.Measures?
    if let scoreA, let scoreB { measures = Messages.Measures(a: scoreA, b: scoreB) }
    return Messages.Label(
      pairID: pairID,
      principleID: principleID,
      pA: probabilityA,
      margin: margin,
      orderConsistent: isOrderConsistent,
      tie: isTie,
      judgeID: judgeID,
      judgeVersion: judgeVersion,
      measures: measures
    )
  }
}

extension Labeling.LabelledPair {
  /// Reads an imported preference; its label belongs to no wording of ours.
  init(_ message: Messages.ImportedPreference) throws {
    guard let pair = message.pair else { throw MessageChecks.refusal("preference.pair is missing") }
    guard let label = message.label else {
      throw MessageChecks.refusal("pair '\(pair.id)': label is missing")
    }
    guard label.pairID.isEmpty || label.pairID == pair.id else {
      throw MessageChecks.refusal("pair '\(pair.id)': the label names pair '\(label.pairID)'")
    }
    let probability = try MessageChecks.inRange(label.pA, 0...1, "pair '\(pair.id)': label.p_a")
    let judge = label.judgeID.isEmpty ? Labeling.Label.importJudgeID : label.judgeID
    self.init(
      pair: Labeling.PreferencePair(pair),
      label: Labeling.Label(
        pairID: pair.id,
        principleID: try MessageChecks.identifier(
          label.principleID,
          "pair '\(pair.id)': label.principle_id"
        ),
        judgeID: judge,
        judgeVersion: label.judgeVersion.isEmpty ? "1" : label.judgeVersion,
        probabilityA: probability
      ),
      principleHash: ""
    )
  }
}

extension Labeling.Principle {
  /// Reads the contract's form.
  init(_ message: Messages.Principle) {
    self.init(id: message.id, text: message.text, negativeText: message.negativeText)
  }

  /// The contract's form.
  var message: Messages.Principle {
    Messages.Principle(id: id, text: text, negativeText: negativeText)
  }
}
