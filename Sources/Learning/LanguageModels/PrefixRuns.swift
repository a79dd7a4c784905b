/// Runs of neighbouring sequences that are worth holding as one group, and how much they share.
struct PrefixRuns {
  /// The members of each run and the number of tokens that they hold in common.
  private(set) var runs: [(members: Range<Int>, shared: Int)] = []

  /// Beyond this many rows a group no longer grows by short prefixes: groups are what threads take
  /// turns at, and one large group would leave the others idle.
  private static let rowCountMax = 384

  /// Finds the runs from left to right.
  ///
  /// A sequence joins the run before it when that saves rows and its next neighbour, which may answer
  /// the same prompt, has no more in common with it.
  ///
  /// - Parameters:
  ///   - sequences: the tokens.
  ///   - limits: the most tokens each sequence may share.
  init(_ sequences: [[Int32]], limits: [Int]) {
    func common(_ a: Int, _ b: Int, _ limit: Int) -> Int {
      zip(sequences[a], sequences[b]).prefix(limit).prefix { $0 == $1 }.count
    }
    var members = 0..<0
    // A sequence alone could share up to its limit.
    var shared = 0
    var rowCount = 0
    for next in sequences.indices {
      let length = sequences[next].count
      if let head = members.first {
        let kept = common(head, next, min(shared, limits[next]))
        let rest =
          next + 1 < sequences.count
          ? common(next, next + 1, min(limits[next], limits[next + 1])) : 0
        let rows = rowCount + (members.count - 1) * (shared - kept) + length - kept
        if members.count * kept > (members.count - 1) * shared && kept >= rest
          && rows <= max(Self.rowCountMax, 4 * kept)
        {
          (members, shared, rowCount) = (head..<next + 1, kept, rows)
          continue
        }
        close(members, shared)
      }
      (members, shared, rowCount) = (next..<next + 1, limits[next], length)
    }
    close(members, shared)
  }

  /// Ends a run; a sequence alone shares nothing.
  private mutating func close(_ members: Range<Int>, _ shared: Int) {
    if !members.isEmpty { runs.append((members, members.count > 1 ? shared : 0)) }
  }
}
