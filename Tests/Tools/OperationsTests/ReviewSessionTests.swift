import JSON
import Messages
import Operations
import Testing

@Suite struct ReviewSessionTests {
  let items = (1...4).map { number in
    DeferredPair(
      id: UInt64(number),
      datasetID: "d",
      pair: PreferencePair(
        id: "pair-\(number)",
        prompt: "Why?",
        responseA: "Because of A.",
        responseB: "Because of B."
      ),
      label: Label(principleID: "conciseness", pA: 0.6, judgeID: "rules"),
      reason: "confidence 0.6 is below 0.7"
    )
  }

  @Test func `keys decide, skip and undo`() {
    var session = ReviewSession(items: items)
    let isTurned = ReviewSession.isTurned(items[0])
    #expect(
      session.press("1") == .decide(Decision(deferredID: 1, resolution: isTurned ? .b : .a))
    )
    #expect(session.press("s") == .show && session.current?.id == 3)
    #expect(session.press("t") == .decide(Decision(deferredID: 3, resolution: .tie)))
    #expect(session.press("u") == .decide(Decision(deferredID: 3, resolution: .pending)))
    #expect(session.current?.id == 3 && session.decisionCount == 1)
    #expect(session.press("d") == .decide(Decision(deferredID: 3, resolution: .discard)))
    #expect(session.press("x") == .unknown)
    #expect(session.press("t") == .decide(Decision(deferredID: 4, resolution: .tie)))
    #expect(session.current == nil && session.press("1") == .unknown)
    #expect(session.press("q") == .quit && session.decisionCount == 3)
  }

  @Test func `the first key always means the response shown first`() {
    var turnedCount = 0
    for number in 1...200 {
      let item = DeferredPair(id: UInt64(number), pair: items[0].pair, label: items[0].label)
      var session = ReviewSession(items: [item])
      let lines = ReviewPage.lines(
        item,
        principle: "",
        progress: (1, 1),
        showsOpinion: true,
        width: 80
      )
      let showsB = lines.firstIndex(of: "Because of B.") ?? 0
      let showsA = lines.firstIndex(of: "Because of A.") ?? 0
      let first: Resolution = showsA < showsB ? .a : .b
      #expect(session.press("1") == .decide(Decision(deferredID: item.id, resolution: first)))
      if first == .b { turnedCount += 1 }
      let share = first == .a ? "0.60" : "0.40"
      #expect(lines.contains { $0.hasSuffix("probability \(share)") })
    }
    #expect((60...140).contains(turnedCount))
  }

  @Test func `texts cannot move the cursor and are wrapped`() {
    var item = items[0]
    item.pair?.responseA = "\u{1b}[2J" + String(repeating: "word ", count: 30) + "\u{7}"
    let lines = ReviewPage.lines(
      item,
      principle: "Fewer words.",
      progress: (1, 4),
      showsOpinion: false,
      width: 40
    )
    #expect(lines.allSatisfy { !$0.unicodeScalars.contains { $0.value == 0x1B || $0.value == 7 } })
    #expect(lines.dropLast().dropFirst().allSatisfy { $0.count <= 40 })
    #expect(!lines.contains { $0.contains("rules") })
  }

  @Test func `the queue goes out as lines and decisions come back`() throws {
    var item = items[0]
    let line = DeferredRecord.json(item)
    #expect(line["prompt"]?.text == "Why?" && line["resolution"]?.text == "pending")
    #expect(try DeferredRecord.decision(line) == nil)
    item.resolution = .discard
    let decision = try DeferredRecord.decision(DeferredRecord.json(item))
    #expect(decision == Decision(deferredID: 1, resolution: .discard))
    for bad in [#"{"resolution": "a"}"#, #"{"deferred_id": 1, "resolution": "yes"}"#] {
      let record = try JSONValue(parsing: bad)
      #expect(throws: OperationsError.self) { try DeferredRecord.decision(record) }
    }
  }
}
