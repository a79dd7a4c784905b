/// What a person decides about a deferred pair.
package enum Resolution: String, Sendable, CaseIterable {
  /// Response A is better.
  case a
  /// Response B is better.
  case b
  /// Neither is.
  case tie
  /// The pair gets no label.
  case discard
}

/// A pair and principle that wait for a person, or had one decide.
package struct DeferredPair: Sendable, Equatable {
  /// Grows in the order of deferral; where the next page goes on.
  package var id: Int64
  /// The dataset it belongs to.
  package var dataset: String
  /// The pair.
  package var pair: PreferencePair
  /// What the judge thinks.
  package var label: Label
  /// Why it was deferred.
  package var reason: String
  /// What a person decided, if one did.
  package var resolution: Resolution?
  /// Who decided; empty when nobody did.
  package var annotator: String

  /// The judge that a person's decisions go by.
  package static func judgeID(ofAnnotator annotator: String) -> String { "human:" + annotator }
}
