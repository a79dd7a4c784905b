import Foundation
import Labeling
import Testing

@Suite struct LabelStoreTests {
  let folder = TemporaryFolder()
  let judge = CountingJudge()

  func item(
    _ number: Int,
    _ principle: Principle = conciseness,
    p: Double = 0.8,
    judge: String = "j"
  ) -> LabelledPair {
    LabelledPair(
      pair: pair(number),
      label: Label(
        pairID: pair(number).id,
        principleID: principle.id,
        judgeID: judge,
        judgeVersion: "1",
        probabilityA: p
      ),
      principleHash: principle.textHash
    )
  }

  @Test func `commits wait for the disk`() async throws {
    let path = folder.file("labels.sqlite")
    let store = try LabelStore(path: path)
    #expect(try await store.durability() == "wal, synchronous 2")
  }

  @Test func `verdicts are found by the exact question and judge`() async throws {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    let question = JudgeQuestion(pair(1), principle: conciseness, order: .forward)
    let verdict = Verdict(
      logProbabilityFirst: -0.25,
      logProbabilitySecond: -1.5,
      isTie: false,
      measureFirst: 0.5,
      rawChoice: "A"
    )
    try await store.save([KeyedVerdict(question, judge: judge, verdict: verdict)])
    let key = VerdictKey(question, judge: judge)
    #expect(try await store.verdicts(for: [key]) == [key: verdict])

    var reworded = question
    reworded.criterion += "!"
    let others = [
      VerdictKey(JudgeQuestion(pair(1), principle: conciseness, order: .reversed), judge: judge),
      VerdictKey(question, judge: CountingJudge(version: "2")),
      VerdictKey(question, judge: CountingJudge(id: "other")), VerdictKey(reworded, judge: judge),
      VerdictKey(JudgeQuestion(pair(2), principle: conciseness, order: .forward), judge: judge),
    ]
    #expect(Set(others + [key]).count == 6)
    #expect(try await store.verdicts(for: others).isEmpty)
  }

  @Test func `labels come back page by page in the order of their pairs`() async throws {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    let items = [5, 3, 9, 1].flatMap { [item($0), item($0, relevance, p: 0.3)] }
    #expect(try await store.save(items, dataset: "d") == 8)
    #expect(try await store.save([item(3, p: 0.6)], dataset: "d") == 0)
    #expect(try await store.save([item(3)], dataset: "other") == 1)

    var read: [StoredPair] = []
    while true {
      let page = try await store.pairs(dataset: "d", after: read.last?.position ?? 0, limit: 3)
      if page.isEmpty { break }
      #expect(page.count <= 3)
      read += page
    }
    #expect(read.map(\.pair) == [5, 3, 9, 1].map { pair($0) })
    #expect(read.allSatisfy { $0.labels.map(\.principleID) == ["conciseness", "relevance"] })
    #expect(read[1].labels[0].probabilityA == 0.6)
    #expect(
      try await store.datasets() == [
        DatasetSummary(name: "d", pairCount: 4, labelCount: 8),
        DatasetSummary(name: "other", pairCount: 1, labelCount: 1),
      ]
    )
  }

  @Test func `labels for another wording of a principle are not used`() async throws {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    var imported = item(1, relevance, judge: "imported")
    imported.principleHash = ""
    try await store.save([item(1), imported], dataset: "d")
    var reworded = conciseness
    reworded.text = "Is short."
    func count(_ principles: [Principle], judge: String? = nil) async throws -> Int {
      let hashes = Dictionary(uniqueKeysWithValues: principles.map { ($0.id, $0.textHash) })
      return try await store.pairs(dataset: "d", principleHashes: hashes, judgeID: judge)
        .reduce(0) { $0 + $1.labels.count }
    }
    #expect(try await count([conciseness, relevance]) == 2)
    #expect(try await count([reworded, relevance]) == 1)
    #expect(try await count([conciseness]) == 1)
    #expect(try await count([conciseness, relevance], judge: "imported") == 1)
  }

  @Test func `another pair under a known id is refused and nothing of the call is stored`()
    async throws
  {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    try await store.save([item(1)], dataset: "d")
    var clash = item(1)
    clash.pair.responseA += " Really."
    await #expect(throws: LabelingError.self) {
      try await store.save([item(2), clash], dataset: "d")
    }
    #expect(try await store.datasets().first?.pairCount == 1)
  }

  @Test func `a store has one owner at a time`() throws {
    let path = folder.file("labels.sqlite")
    let store = try LabelStore(path: path)
    let error = #expect(throws: LabelingError.self) { try LabelStore(path: path) }
    #expect(error?.description.contains("another process has it open") == true)
    try store.close()
  }

  @Test func `what is no store is refused and left alone`() throws {
    let path = try folder.write(
      String(repeating: "This is no database. ", count: 100),
      to: "labels.sqlite"
    )
    let before = FileManager.default.contents(atPath: path)
    let error = #expect(throws: LabelingError.self) { try LabelStore(path: path) }
    #expect(error?.description.contains("not a label store") == true, "\(error?.description ?? "")")
    #expect(FileManager.default.contents(atPath: path) == before)
  }

  @Test func `a damaged store is refused`() async throws {
    let path = folder.file("labels.sqlite")
    do {
      let store = try LabelStore(path: path)
      try await store.save((0..<400).map { item($0) }, dataset: "d")
      try store.close()
    }
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try #require(bytes.count > 20_000)
    for index in 8_192..<16_000 { bytes[index] = 0x5A }
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: LabelingError.self) { try LabelStore(path: path) }
    #expect(error?.description.contains("damaged") == true, "\(error?.description ?? "")")
  }

  @Test func `a folder that does not exist is named`() {
    let path = folder.file("none/labels.sqlite")
    let error = #expect(throws: LabelingError.self) { try LabelStore(path: path) }
    #expect(error?.description.contains(path) == true)
  }

  @Test func `texts with NUL and emoji survive`() async throws {
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    var odd = item(1)
    odd.pair.prompt = "a\u{0}b \u{1F469}\u{200D}\u{1F373} \r\n e\u{301}"
    try await store.save([odd], dataset: "d")
    #expect(try await store.pairs(dataset: "d").first?.pair == odd.pair)
  }
}
