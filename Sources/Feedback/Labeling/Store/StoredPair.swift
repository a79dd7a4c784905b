/// A pair of a dataset with the labels it has so far.
package struct StoredPair: Sendable, Equatable {
  /// Grows in the order in which pairs were first stored; where the next page goes on.
  package var position: Int64
  /// The pair.
  package var pair: PreferencePair
  /// Its labels, by principle and judge.
  package var labels: [Label]
}

/// A label together with its pair and the wording of the principle it was given for.
package struct LabelledPair: Sendable, Equatable {
  /// The pair; its id is the label's.
  package var pair: PreferencePair
  /// The label.
  package var label: Label
  /// ``Principle/textHash`` of the wording judged, or empty for labels given elsewhere.
  package var principleHash: String

  /// Joins a label to its pair.
  package init(pair: PreferencePair, label: Label, principleHash: String) {
    self.pair = pair
    self.label = label
    self.principleHash = principleHash
  }
}

/// What a dataset holds.
package struct DatasetSummary: Sendable, Equatable {
  /// The dataset's name.
  package var name: String
  /// How many pairs it has.
  package var pairCount: Int
  /// How many labels its pairs have.
  package var labelCount: Int

  /// Creates a summary from its parts.
  package init(name: String, pairCount: Int, labelCount: Int) {
    self.name = name
    self.pairCount = pairCount
    self.labelCount = labelCount
  }
}
