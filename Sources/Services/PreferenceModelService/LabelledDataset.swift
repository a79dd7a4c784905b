internal import Hashing
internal import Messages
internal import Preferences
internal import RPC
internal import ServiceKit
internal import ServiceStubs

/// The labels of a dataset by principle, as the labeler gave them, checked.
struct LabelledDataset: Sendable {
  /// Labelled pairs of each principle.
  private(set) var pairs: [String: [LabelledPair]] = [:]
  /// Every prompt once, in the order of the pairs.
  private(set) var prompts: [String] = []

  /// Principles that have labels, by name.
  var principleIDs: [String] { pairs.keys.sorted() }

  /// Fetches a dataset from the labeler.
  ///
  /// `didRead` is told how many pairs were read so far.
  static func fetch(
    _ datasetID: String,
    principleIDs: [String],
    from labeler: LabelerClient,
    didRead: (Int) async throws -> Void
  ) async throws -> LabelledDataset {
    let request = ExportRequest(datasetID: datasetID, principleIDs: principleIDs)
    let dataset = try await labeler.export(request) { replies in
      var collected: [ExportReply] = []
      var count = 0
      for try await reply in replies {
        collected.append(reply)
        count += 1
        if count % 256 == 0 { try await didRead(count) }
      }
      try await didRead(count)
      return try LabelledDataset(collected)
    }
    for id in principleIDs where dataset.pairs[id] == nil {
      throw RPCError(
        code: .failedPrecondition,
        message: "dataset '\(datasetID)' has no labels for principle '\(id)'"
      )
    }
    guard !dataset.pairs.isEmpty else {
      throw RPCError(
        code: .failedPrecondition,
        message: "dataset '\(datasetID)' has no labels; label pairs first"
      )
    }
    return dataset
  }

  /// Takes exported pairs in the order of their ids and judges: labels are stored as they are judged, by
  /// several workers, and a training must not depend on who of them was faster.
  private init(_ replies: [ExportReply]) throws {
    var known: Set<String> = []
    for reply in replies.sorted(by: { ($0.pair?.id ?? "") < ($1.pair?.id ?? "") }) {
      var ordered = reply
      ordered.labels.sort { ($0.principleID, $0.judgeID) < ($1.principleID, $1.judgeID) }
      try add(ordered, &known)
    }
  }

  /// Adds one pair with its labels.
  private mutating func add(_ reply: ExportReply, _ known: inout Set<String>) throws {
    guard let pair = reply.pair else {
      throw Self.lie("a pair is missing from the labeler's reply")
    }
    if known.insert(pair.prompt).inserted { prompts.append(pair.prompt) }
    for label in reply.labels {
      guard label.pA >= 0, label.pA <= 1, label.margin.isFinite else {
        throw Self.lie(
          "pair '\(pair.id)', principle '\(label.principleID)': the label has p_a \(label.pA) and "
            + "margin \(label.margin)"
        )
      }
      let id = try MessageChecks.fileName(label.principleID, "pair '\(pair.id)': principle_id")
      pairs[id, default: []].append(
        LabelledPair(
          prompt: pair.prompt,
          first: pair.responseA,
          second: pair.responseB,
          target: label.tie ? 0.5 : label.pA,
          margin: abs(label.margin)
        )
      )
    }
  }

  /// The prompts to hold out: the share whose hash with the seed is smallest.
  ///
  /// A prompt's fate depends on nothing but itself, the seed and how many there are, so all principles
  /// hold out the same prompts.
  func heldOutPrompts(share: Double, seed: UInt64) -> Set<String> {
    guard share > 0, prompts.count > 1 else { return [] }
    let wanted = Int((Double(prompts.count) * share).rounded())
    let count = min(max(wanted, 1), prompts.count - 1)
    let ranked = prompts.map { prompt in
      (SHA256.hexDigest(of: "held-out \(seed)\n" + prompt), prompt)
    }
    return Set(ranked.sorted { $0.0 < $1.0 }.prefix(count).map(\.1))
  }

  /// A hash of everything that one principle's training learns from.
  func fingerprint(_ principleID: String, heldOut: Set<String>, settings: String) -> String {
    var hash = SHA256()
    hash.update("preference training/1\n\(settings)\n\(principleID)\n")
    for pair in pairs[principleID] ?? [] {
      let texts = [pair.prompt, pair.first, pair.second]
      hash.update(texts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n"))
      let isHeldOut = heldOut.contains(pair.prompt)
      hash.update("\n\(pair.target.bitPattern) \(pair.margin.bitPattern) \(isHeldOut)\n")
    }
    return hash.hexDigest()
  }

  private static func lie(_ reason: String) -> RPCError {
    RPCError(code: .dataLoss, message: "the labeler sent what cannot be used: \(reason)")
  }
}
