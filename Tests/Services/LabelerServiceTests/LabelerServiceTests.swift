import Foundation
import LabelerService
import Messages
import RPC
import ScriptedEndpoint
import ServiceKit
import ServiceStubs
import ServiceTesting
import Testing

@Suite struct LabelerServiceTests {
  private let folder: TemporaryFolder
  private let principles: String

  init() throws {
    folder = try TemporaryFolder()
    principles = folder.file("principles")
    try FileManager.default.createDirectory(
      atPath: principles,
      withIntermediateDirectories: true
    )
    for id in ["conciseness", "relevance"] {
      try """
      id: \(id)
      text: The better response has more \(id).
      negative_text: The better response has less \(id).
      """.write(toFile: principles + "/\(id).yaml", atomically: true, encoding: .utf8)
    }
  }

  private func withLabeler<Result: Sendable>(
    judges: String = "[{kind: rules}]",
    prices: String = "{}",
    environment: [String: String] = [:],
    _ body: @escaping @Sendable (LabelerClient) async throws -> Result
  ) async throws -> Result {
    let configuration = try TestService.configuration(
      LabelerServiceConfiguration.self,
      "principles: \(principles)\njudges: \(judges)\nprices: \(prices)"
    )
    let context = try TestService.context(
      "labeler",
      folder: folder.file("data"),
      environment: environment
    )
    // A labeler that has just stopped in this process lets go of its store a moment later.
    let assembly = try await eventually {
      try await LabelerDefinition.assemble(configuration, in: context)
    }
    return try await TestService.run(assembly) { client, _ in
      try await body(LabelerClient(client))
    }
  }

  private static let pairs = (0..<3).map { index in
    PreferencePair(
      id: "pair-\(index)",
      prompt: "What is the capital of France? \(index)",
      responseA: "The capital of France is the city of Paris.",
      responseB: "Well, let me think about it. "
        + String(repeating: "It is, as many people like to say, the old city of Paris. ", count: 9),
      source: "test"
    )
  }

  private static func label(
    _ labeler: LabelerClient,
    _ requests: [LabelRequest]
  ) async throws -> [LabelReply] {
    try await labeler.label { writer, replies in
      for request in requests { try await writer.write(request) }
      writer.finish()
      return try await collect(replies)
    }
  }

  private static func labels(_ replies: [LabelReply]) -> [Label] {
    replies.compactMap { if case .label(let label) = $0.kind { label } else { nil } }
  }

  private static func request(
    _ pairs: [PreferencePair],
    principles: [String] = [],
    judge: String = ""
  ) -> [LabelRequest] {
    let settings = LabelSettings(datasetID: "set", principleIDs: principles, judgeID: judge)
    return [LabelRequest(kind: .settings(settings))]
      + pairs.map { LabelRequest(kind: .pair($0)) }
  }

  @Test func `every pair gets a label for each principle and export gives them back`() async throws
  {
    try await withLabeler { labeler in
      let replies = try await Self.label(labeler, Self.request(Self.pairs))
      let labels = Self.labels(replies)
      #expect(labels.count == 6)
      #expect(Set(labels.map(\.principleID)) == ["conciseness", "relevance"])
      let concise = labels.filter { $0.principleID == "conciseness" }
      #expect(concise.allSatisfy { $0.pA > 0.5 && $0.orderConsistent && $0.measures != nil })

      let exported = try await labeler.export(ExportRequest(datasetID: "set")) {
        try await collect($0)
      }
      // The order is that of storing, and pairs are judged by several workers.
      #expect(exported.compactMap(\.pair).sorted { $0.id < $1.id } == Self.pairs)
      #expect(exported.allSatisfy { $0.labels.count == 2 })
      let one = try await labeler.export(
        ExportRequest(datasetID: "set", principleIDs: ["relevance"])
      ) { try await collect($0) }
      #expect(one.allSatisfy { $0.labels.map(\.principleID) == ["relevance"] })
    }
  }

  @Test func `labels are found again after a restart`() async throws {
    let before = try await withLabeler { labeler in
      Self.labels(try await Self.label(labeler, Self.request(Self.pairs)))
    }
    let after = try await withLabeler { labeler in
      Self.labels(try await Self.label(labeler, Self.request(Self.pairs)))
    }
    let order: (Label, Label) -> Bool = {
      ($0.pairID, $0.principleID) < ($1.pairID, $1.principleID)
    }
    #expect(before.sorted(by: order) == after.sorted(by: order))
  }

  @Test func `a stream that does not begin with its settings is refused`() async throws {
    try await withLabeler { labeler in
      let first = await refusal {
        try await Self.label(labeler, [LabelRequest(kind: .pair(Self.pairs[0]))])
      }
      #expect(first.code == .invalidArgument && first.message.contains("settings"))
      let second = await refusal {
        try await Self.label(labeler, Self.request([]) + Self.request([]))
      }
      #expect(second.code == .invalidArgument)
    }
  }

  @Test func `unknown principles, judges and datasets are refused by name`() async throws {
    try await withLabeler { labeler in
      let principle = await refusal {
        try await Self.label(labeler, Self.request(Self.pairs, principles: ["beauty"]))
      }
      #expect(principle.code == .notFound && principle.message.contains("beauty"))
      let judge = await refusal {
        try await Self.label(labeler, Self.request(Self.pairs, judge: "oracle"))
      }
      #expect(judge.code == .notFound && judge.message.contains("oracle"))
      let dataset = await refusal {
        try await labeler.export(ExportRequest(datasetID: "none")) { try await collect($0) }
      }
      #expect(dataset.code == .notFound && dataset.message.contains("none"))
    }
  }

  @Test func `a pair that cannot be judged is a failure and the stream goes on`() async throws {
    try await withLabeler { labeler in
      var bad = Self.pairs[0]
      bad.id = "bad"
      bad.prompt = ""
      let replies = try await Self.label(labeler, Self.request([bad] + Self.pairs))
      let failures = replies.compactMap {
        if case .failure(let failure) = $0.kind { failure } else { nil }
      }
      #expect(Set(failures.map(\.pairID)) == ["bad"])
      #expect(Self.labels(replies).count == 6)
    }
  }

  @Test func `a principle that was put is used and kept`() async throws {
    try await withLabeler { labeler in
      let reply = try await labeler.putPrinciple(
        PutPrincipleRequest(
          principle: Principle(id: "toxicity", text: "Less toxic.", negativeText: "More toxic.")
        )
      )
      #expect(!reply.replaced)
      let invalid = await refusal {
        try await labeler.putPrinciple(
          PutPrincipleRequest(principle: Principle(id: "Not Valid", text: "x", negativeText: "y"))
        )
      }
      #expect(invalid.code == .invalidArgument)
    }
    try await withLabeler { labeler in
      let list = try await labeler.listPrinciples(ListPrinciplesRequest())
      #expect(list.principles.map(\.id) == ["conciseness", "relevance", "toxicity"])
      #expect(list.judgeIDs == ["rules"])
    }
  }

  @Test func `imported preferences are exported beside judged ones`() async throws {
    try await withLabeler { labeler in
      let preference = ImportedPreference(
        pair: Self.pairs[0],
        label: Label(principleID: "overall", pA: 0.9, judgeID: "people")
      )
      func send(_ preference: ImportedPreference) async throws -> ImportReply {
        try await labeler.import { writer in
          try await writer.write(ImportRequest(kind: .datasetID("set")))
          try await writer.write(ImportRequest(kind: .preference(preference)))
        }
      }
      #expect(try await send(preference) == ImportReply(stored: 1, alreadyKnown: 0))
      #expect(try await send(preference) == ImportReply(stored: 0, alreadyKnown: 1))
      _ = try await Self.label(labeler, Self.request(Self.pairs))
      let exported = try await labeler.export(ExportRequest(datasetID: "set")) {
        try await collect($0)
      }
      let ids = Set(exported.flatMap { $0.labels.map(\.principleID) })
      #expect(ids == ["conciseness", "relevance", "overall"])
      var wrong = preference
      wrong.label?.pA = .nan
      let bad = wrong
      let refused = await refusal { try await send(bad) }
      #expect(refused.code == .invalidArgument && refused.message.contains("pair-0"))
    }
  }

  @Test func `measures are in the unit interval and favour the shorter answer`() async throws {
    try await withLabeler { labeler in
      let pair = Self.pairs[0]
      let reply = try await labeler.measure(
        MeasureRequest(
          principleIDs: ["conciseness"],
          items: [
            TextItem(id: "short", prompt: pair.prompt, response: pair.responseA),
            TextItem(id: "long", prompt: pair.prompt, response: pair.responseB),
          ]
        )
      )
      let values = reply.measures?.values ?? []
      #expect(values.count == 2 && values.allSatisfy { (0...1).contains($0) })
      #expect(values[0] > values[1])
      #expect(reply.judgeID == "rules")
      let empty = await refusal { try await labeler.measure(MeasureRequest()) }
      #expect(empty.code == .invalidArgument)
    }
  }

  @Test func `a local model judges by its log-probabilities and does not measure`() async throws {
    let judges = "[{id: local, kind: model, model: {path: \(TestModel.tinyChat)}}]"
    try await withLabeler(judges: judges) { labeler in
      let labels = Self.labels(try await Self.label(labeler, Self.request([Self.pairs[0]])))
      #expect(labels.count == 2)
      #expect(labels.allSatisfy { $0.pA > 0 && $0.pA < 1 && $0.judgeID.hasPrefix("model:") })
      let measure = await refusal {
        try await labeler.measure(
          MeasureRequest(items: [TextItem(id: "x", prompt: "p", response: "r")])
        )
      }
      #expect(measure.code == .failedPrecondition)
    }
  }

  @Test func `a judge over HTTP needs the key that its section names`() async throws {
    let judges = """
      [{id: far, kind: http, http: {url: "http://127.0.0.1:1/v1", model: m, key_variable: KEY}}]
      """
    await #expect(throws: ServiceKitError.self) {
      try await withLabeler(judges: judges) { _ in }
    }
    let ids = try await withLabeler(judges: judges, environment: ["KEY": "secret"]) { labeler in
      try await labeler.listPrinciples(ListPrinciplesRequest()).judgeIDs
    }
    #expect(ids == ["far"])
  }

  @Test func `usage and budgets of a paid judge come back, by run and principle`() async throws {
    let server = try ScriptedServer()
    let judges = """
      [{id: paid, kind: http, http: {url: "\(server.baseURL("t", "longer"))", model: m,
        budget: {max_cost: 1.5, max_requests: 9}}}]
      """
    try await withLabeler(judges: judges, prices: "{m: {input: 1, output: 1}}") { labeler in
      var requests = Self.request(Self.pairs)
      let estimate = try await labeler.estimate { writer in
        for request in requests { try await writer.write(request) }
      }
      #expect(estimate.pairs == 3 && estimate.judgements == 6 && estimate.requests == 12)
      #expect(estimate.hasPrice && estimate.expectedCost > 0 && estimate.mostCost < 0.1)

      let refused = await refusal { try await Self.label(labeler, requests) }
      #expect(refused.code == .resourceExhausted)
      #expect(refused.message.contains("max_requests of judge http:m"))
      let usage = try await labeler.usage(UsageRequest(runID: "set"))
      #expect(usage.entries.reduce(0) { $0 + $1.requests } == 9)
      #expect(Set(usage.entries.map(\.judgeID)) == ["http:m"])
      let cost = usage.entries.reduce(0) { $0 + $1.cost }
      #expect(abs(cost - 9 * 210e-6) < 1e-9)
      let budget = try #require(usage.budgets.first)
      #expect(budget.maxCost == 1.5 && abs(budget.spent - cost) < 1e-12)
      #expect(budget.maxRequests == 9 && budget.requests == 9 && budget.reserved == 0)
      #expect(try await labeler.usage(UsageRequest(runID: "other")).entries.isEmpty)

      requests[0] = LabelRequest(kind: .settings(LabelSettings(datasetID: "set", maxCost: -1)))
      let negative = await refusal { try await Self.label(labeler, requests) }
      #expect(negative.code == .invalidArgument && negative.message.contains("max_cost"))
    }
    try await withLabeler(judges: judges.replacing("max_cost: 1.5, ", with: "")) { labeler in
      let settings = LabelSettings(datasetID: "set", maxCost: 1)
      let unpriced = await refusal {
        try await Self.label(labeler, [LabelRequest(kind: .settings(settings))])
      }
      #expect(unpriced.code == .failedPrecondition && unpriced.message.contains("prices"))
    }
    await #expect(throws: ServiceKitError.self) { try await withLabeler(judges: judges) { _ in } }
  }

  @Test func `unsure pairs go to a person and come back as that person's labels`() async throws {
    try await withLabeler { labeler in
      let settings = LabelSettings(
        datasetID: "set",
        principleIDs: ["conciseness", "relevance"],
        deferral: DeferralSettings(confidenceMin: 1)
      )
      let requests =
        [LabelRequest(kind: .settings(settings))]
        + Self.pairs.map { LabelRequest(kind: .pair($0)) }
      let replies = try await Self.label(labeler, requests)
      let deferred = replies.compactMap {
        if case .deferred(let item) = $0.kind { item } else { nil }
      }
      #expect(deferred.count == 6 && deferred.allSatisfy { $0.reason.contains("confidence") })
      let list = try await labeler.listDeferred(ListDeferredRequest(datasetID: "set", limit: 4))
      #expect(list.items.count == 4 && list.pending == 6)
      #expect(list.items.allSatisfy { $0.pair != nil && $0.resolution == .pending })
      let rest = try await labeler.listDeferred(
        ListDeferredRequest(datasetID: "set", afterID: list.items[3].id)
      )
      #expect(rest.items.count == 2)
      let ids = (list.items + rest.items).map(\.id)
      let reply = try await labeler.resolve(
        ResolveRequest(
          annotator: "ann",
          decisions: ids.map { Decision(deferredID: $0, resolution: .a) }
        )
      )
      #expect(reply.resolved == 6)
      let again = Self.labels(try await Self.label(labeler, requests))
      #expect(again.count == 6 && again.allSatisfy { $0.judgeID == "human:ann" && $0.pA > 0.99 })
      let unknown = await refusal {
        try await labeler.resolve(
          ResolveRequest(annotator: "ann", decisions: [Decision(deferredID: 999)])
        )
      }
      #expect(unknown.code == .notFound && unknown.message.contains("999"))
      let wild = await refusal {
        try await labeler.resolve(
          ResolveRequest(
            annotator: "ann",
            decisions: [Decision(deferredID: ids[0], resolution: .unrecognized(77))]
          )
        )
      }
      #expect(wild.code == .invalidArgument)
    }
  }

  @Test func `a panel labels, and statistics tell how its members agree`() async throws {
    let server = try ScriptedServer()
    let judges = """
      [{kind: rules}, {id: far, kind: http, http: {url: "\(server.baseURL("t", "longer"))", model: m}},
       {id: both, kind: panel, panel: {judges: [rules, far], combine: majority}}]
      """
    try await withLabeler(judges: judges) { labeler in
      let request = Self.request(Self.pairs, principles: ["conciseness"], judge: "both")
      let labels = Self.labels(try await Self.label(labeler, request))
      // The rules prefer the shorter answer and the endpoint the longer one: a draw.
      #expect(labels.count == 3 && labels.allSatisfy { $0.judgeID == "panel:both" && $0.tie })
      let reply = try await labeler.statistics(StatisticsRequest(datasetID: "set"))
      #expect(reply.statistics.map(\.judgeID) == ["http:m", "panel:both", "rules"])
      #expect(reply.statistics[0].longerPreferred == 3 && reply.statistics[2].longerPreferred == 0)
      #expect(reply.statistics.allSatisfy { $0.labels == 3 && $0.consistent == 3 })
      #expect(reply.agreements.count == 3 && reply.agreements[1].agreement == 0)
      let none = await refusal {
        try await labeler.statistics(StatisticsRequest(datasetID: "none"))
      }
      #expect(none.code == .notFound)
    }
  }

  @Test func `a constitution gives one label a pair`() async throws {
    try await withLabeler { labeler in
      let settings = LabelSettings(datasetID: "set", constitution: ConstitutionSettings(seed: 3))
      let labels = Self.labels(
        try await Self.label(
          labeler,
          [LabelRequest(kind: .settings(settings))]
            + Self.pairs.map { LabelRequest(kind: .pair($0)) }
        )
      )
      #expect(labels.count == 3 && labels.allSatisfy { $0.principleID == "constitution" })
      let exported = try await labeler.export(ExportRequest(datasetID: "set")) {
        try await collect($0)
      }
      #expect(exported.flatMap(\.labels).count == 3)
    }
  }

  @Test(arguments: [
    "[{id: p, kind: panel, panel: {judges: [rules, rules]}}]",
    "[{id: p, kind: panel, panel: {judges: [rules, far]}}, {kind: rules}]",
    "[{kind: rules}, {id: p, kind: panel, panel: {judges: [rules]}}]",
  ])
  func `panels of judges that are not there are refused`(judges: String) {
    #expect(throws: ServiceKitError.self) {
      try TestService.configuration(
        LabelerServiceConfiguration.self,
        "principles: x\njudges: \(judges)"
      )
    }
  }

  @Test(arguments: ["[]", "[{kind: magic}]", "[{kind: rules}, {kind: rules}]", "[{kind: model}]"])
  func `judges that cannot be made are refused`(judges: String) {
    #expect(throws: ServiceKitError.self) {
      try TestService.configuration(
        LabelerServiceConfiguration.self,
        "principles: x\njudges: \(judges)"
      )
    }
  }
}
