internal import Hashing

/// A checked scalarization: the rule, its principles in explicit order, and its parameters.
///
/// Values of this type are always valid; the initialiser refuses everything else by name.
package struct ScalarizationConfiguration: Sendable, Equatable, Hashable {
  /// The rule.
  package let method: ScalarizationMethod
  /// The principles in the order that contributions are reported.
  package let principles: [PrincipleWeight]
  /// The dials of the non-linear rules.
  package let parameters: ScalarizationParameters
  /// Ids of principles left out of the reward although they are scored, sorted.
  package let mask: [String]

  /// Checks and creates a configuration.
  ///
  /// - Throws: `ScalarizationError` naming the principle or parameter that is refused.
  package init(
    method: ScalarizationMethod,
    principles: [PrincipleWeight],
    parameters: ScalarizationParameters = ScalarizationParameters(),
    mask: [String] = []
  ) throws(ScalarizationError) {
    guard !principles.isEmpty else { throw .noPrinciples }
    var seen: Set<String> = []
    for (position, principle) in principles.enumerated() {
      guard !principle.id.isEmpty else { throw .emptyPrinciple(position: position) }
      guard seen.insert(principle.id).inserted else { throw .duplicatePrinciple(principle.id) }
      guard principle.weight.isFinite else {
        throw .invalidWeight(principle: principle.id, value: principle.weight)
      }
      guard principle.mean.isFinite, principle.standardDeviation.isFinite,
        principle.standardDeviation > 0
      else {
        throw .invalidNormaliser(
          principle: principle.id,
          mean: principle.mean,
          standardDeviation: principle.standardDeviation
        )
      }
    }
    try parameters.check()
    for id in mask where !seen.contains(id) {
      throw .unknownPrinciple(id, known: principles.map(\.id))
    }
    let masked = Set(mask)
    if method == .zeroedLinear && masked.isEmpty { throw .emptyMask }
    guard principles.contains(where: { $0.weight != 0 && !masked.contains($0.id) }) else {
      throw .nothingWeighted
    }
    self.method = method
    self.principles = principles
    self.parameters = parameters
    self.mask = masked.sorted()
  }

  /// The ids in order.
  package var principleIDs: [String] { principles.map(\.id) }

  /// The same rule with other frozen statistics, for principles that `statistics` names.
  ///
  /// - Throws: `ScalarizationError` when a principle is unknown or its statistics are refused.
  package func normalised(
    by statistics: [String: (mean: Double, standardDeviation: Double)]
  ) throws(ScalarizationError) -> ScalarizationConfiguration {
    for id in statistics.keys.sorted() where !principles.contains(where: { $0.id == id }) {
      throw .unknownPrinciple(id, known: principleIDs)
    }
    var changed = principles
    for index in changed.indices {
      guard let entry = statistics[changed[index].id] else { continue }
      changed[index].mean = entry.mean
      changed[index].standardDeviation = entry.standardDeviation
    }
    return try ScalarizationConfiguration(
      method: method,
      principles: changed,
      parameters: parameters,
      mask: mask
    )
  }

  /// SHA-256 of everything that influences a reward, as 64 hexadecimal digits.
  ///
  /// Numbers enter by their bit patterns, so two configurations share a hash only if they give
  /// the same rewards bit for bit.
  package var contentHash: String {
    var text = "scalarization/1\n\(method.rawValue)\n\(parameters.nashLink.rawValue)\n"
    let dials = [parameters.temperature, parameters.varianceWeight, parameters.quantile]
    for dial in dials { text += "\(dial.bitPattern)\n" }
    for principle in principles {
      text += "\(principle.id.utf8.count):\(principle.id)"
      for number in [principle.weight, principle.mean, principle.standardDeviation] {
        text += " \(number.bitPattern)"
      }
      text += mask.contains(principle.id) ? " masked\n" : "\n"
    }
    return SHA256.hexDigest(of: text)
  }
}
