package import Messages

/// What a person does with deferred pairs, key by key; knows neither terminal nor service.
package struct ReviewSession: Sendable {
  /// What a key asks for.
  package enum Action: Sendable, Equatable {
    /// Send a decision; it is noted already.
    case decide(Decision)
    /// Show the pair again, with the judge's opinion if it was asked for.
    case show
    /// Leave.
    case quit
    /// The key means nothing.
    case unknown
  }

  /// The keys, for the line at the bottom.
  package static let help =
    "1, 2 better   t tie   d no label   s skip   u undo   j judge's opinion   q quit"

  private let items: [DeferredPair]
  private var index = 0
  /// Items decided here, in the order of decision.
  private var decided: [Int] = []
  /// Whether the judge's opinion on the present pair is shown; hidden at first so as not to sway.
  package private(set) var showsOpinion = false
  /// Decisions made and not undone.
  package private(set) var decisionCount = 0

  /// Begins with the first of some items.
  package init(items: [DeferredPair]) { self.items = items }

  /// The pair to decide; nil after the last.
  package var current: DeferredPair? { items.indices.contains(index) ? items[index] : nil }

  /// Position of the present pair and number of all.
  package var progress: (number: Int, count: Int) { (min(index + 1, items.count), items.count) }

  /// Whether response B of a pair is shown first.
  ///
  /// People favour places too, so half of the pairs are turned, each always in the same way.
  package static func isTurned(_ item: DeferredPair) -> Bool {
    (item.id &* 0x9E37_79B9_7F4A_7C15) >> 63 == 1
  }

  /// Does what a key says.
  package mutating func press(_ key: Character) -> Action {
    switch key {
    case "q", "\u{3}", "\u{4}": return .quit
    case "u": return undo()
    case "1": return decide { Self.isTurned($0) ? .b : .a }
    case "2": return decide { Self.isTurned($0) ? .a : .b }
    case "t": return decide { _ in .tie }
    case "d": return decide { _ in .discard }
    case "s":
      guard current != nil else { return .unknown }
      move(to: index + 1)
      return .show
    case "j":
      showsOpinion.toggle()
      return .show
    default: return .unknown
    }
  }

  private mutating func decide(_ choose: (DeferredPair) -> Resolution) -> Action {
    guard let item = current else { return .unknown }
    decided.append(index)
    decisionCount += 1
    move(to: index + 1)
    return .decide(Decision(deferredID: item.id, resolution: choose(item)))
  }

  private mutating func undo() -> Action {
    guard let last = decided.popLast() else { return .unknown }
    decisionCount -= 1
    move(to: last)
    return .decide(Decision(deferredID: items[last].id, resolution: .pending))
  }

  private mutating func move(to next: Int) {
    index = next
    showsOpinion = false
  }
}
