/// Everything that this module refuses, with the offending name and value (METHODS C8).
package enum ScalarizationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The configuration names no principle at all.
  case noPrinciples
  /// A principle id is empty.
  case emptyPrinciple(position: Int)
  /// A principle occurs twice in the configuration or in the scores.
  case duplicatePrinciple(String)
  /// The scores or the mask hold a principle that the configuration does not know.
  case unknownPrinciple(String, known: [String])
  /// The configuration needs a principle that the scores do not hold.
  case missingPrinciple(String)
  /// A weight is not a finite number.
  case invalidWeight(principle: String, value: Double)
  /// A frozen mean is not finite, or a standard deviation is not above zero.
  case invalidNormaliser(principle: String, mean: Double, standardDeviation: Double)
  /// Every principle has weight zero or is masked.
  case nothingWeighted
  /// A parameter is outside its range.
  case invalidParameter(name: String, value: Double, rule: String)
  /// No rule has this name.
  case unknownMethod(String)
  /// No link has this name.
  case unknownNashLink(String)
  /// `zeroed_linear` without a mask is plain `linear`.
  case emptyMask
  /// A configuration file holds a key that nothing reads.
  case unknownKey(String, known: [String])
  /// A configuration file says the same thing in two places.
  case conflictingKeys(String, String)
  /// The score matrix does not have one value for each row and principle.
  case shapeMismatch(values: Int, rows: Int, principles: Int)
  /// A score is NaN or infinite.
  case nonFiniteScore(principle: String, row: Int, value: Double)
  /// Finite scores gave a reward that is not finite.
  case nonFiniteReward(row: Int)
  /// Weight fitting has fewer pairs than it needs.
  case tooFewPairs(count: Int, needed: Int)
  /// A preference target is outside zero to one.
  case invalidTarget(pair: Int, value: Double)
  /// A principle has the same score on both sides of every pair, so no weight can be fitted.
  case constantFeature(String)
  /// The fit does not settle because the pairs are separable or the features are dependent.
  case fitDiverged

  /// A sentence that names the field and says what to do.
  package var description: String {
    switch self {
    case .noPrinciples: "weights: no principle is configured; name at least one"
    case .emptyPrinciple(let position): "principles[\(position)]: the id is empty; give it a name"
    case .duplicatePrinciple(let id): "principle '\(id)' occurs twice; remove one"
    case .unknownPrinciple(let id, let known):
      "principle '\(id)' is not configured; known are \(known.joined(separator: ", "))"
    case .missingPrinciple(let id): "scores of principle '\(id)' are missing; send them too"
    case .invalidWeight(let id, let value):
      "weights.\(id): \(value) is not a finite number"
    case .invalidNormaliser(let id, let mean, let deviation):
      "normaliser.\(id): mean \(mean) and std \(deviation) need a finite mean and a std above 0"
    case .nothingWeighted: "weights: every principle has weight 0 or is masked; weight at least one"
    case .invalidParameter(let name, let value, let rule):
      "\(name): \(value) is refused; it must be \(rule)"
    case .unknownMethod(let name):
      "method: '\(name)' is unknown; use one of \(Self.names(ScalarizationMethod.allCases))"
    case .unknownNashLink(let name):
      "nash_link: '\(name)' is unknown; use one of \(Self.names(NashLink.allCases))"
    case .emptyMask: "mask: zeroed_linear needs at least one masked principle; or use linear"
    case .unknownKey(let key, let known):
      "key '\(key)' is unknown; known are \(known.joined(separator: ", "))"
    case .conflictingKeys(let first, let second):
      "keys '\(first)' and '\(second)' exclude each other; keep one"
    case .shapeMismatch(let values, let rows, let principles):
      "scores: \(values) values do not fill \(rows) rows of \(principles) principles"
    case .nonFiniteScore(let id, let row, let value):
      "scores[\(row)].\(id): \(value) is not a finite number"
    case .nonFiniteReward(let row):
      "scores[\(row)]: the reward overflows; check the scores and the normaliser"
    case .tooFewPairs(let count, let needed):
      "pairs: \(count) are too few to fit the weights; at least \(needed) are needed"
    case .invalidTarget(let pair, let value):
      "pairs[\(pair)].target: \(value) is not a probability between 0 and 1"
    case .constantFeature(let id):
      "principle '\(id)' never tells the two sides of a pair apart; leave it out of the fit"
    case .fitDiverged:
      "the fit does not settle: the pairs are separable or principles are dependent; set a ridge"
    }
  }

  private static func names<T: RawRepresentable>(_ cases: [T]) -> String
  where T.RawValue == String {
    cases.map(\.rawValue).joined(separator: ", ")
  }
}
