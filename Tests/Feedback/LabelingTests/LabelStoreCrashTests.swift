import ChildProcesses
import Foundation
import Labeling
import Logging
import Testing

@Suite struct LabelStoreCrashTests {
  let folder = TemporaryFolder()

  /// Starts the probe, reads acknowledgements until there are enough, and kills it with -9.
  func killProbe(mode: String, after count: Int) throws -> [String] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent()
      .appendingPathComponent("LabelStoreProbe")
    process.arguments = [mode, folder.file("labels.sqlite")]
    process.standardOutput = output
    try process.run()
    var lines: [String] = []
    var line = Data()
    while lines.count < count, let byte = try output.fileHandleForReading.read(upToCount: 1),
      !byte.isEmpty
    {
      if byte == Data("\n".utf8) {
        lines.append(String(decoding: line, as: UTF8.self))
        line = Data()
      } else {
        line += byte
      }
    }
    kill(process.processIdentifier, SIGKILL)
    _ = process.reap()
    // What was written before the kill was acknowledged too.
    let rest = try output.fileHandleForReading.readToEnd() ?? Data()
    let remaining = String(decoding: line + rest, as: UTF8.self)
    lines += remaining.split(separator: "\n").dropLast(remaining.hasSuffix("\n") ? 0 : 1).map(
      String.init
    )
    return lines
  }

  @Test(arguments: [1, 37, 200])
  func `a killed labeler has lost nothing it acknowledged`(count: Int) async throws {
    let acknowledged = try killProbe(mode: "label", after: count)
    #expect(acknowledged.count >= count)
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    var found: Set<String> = []
    var position: Int64 = 0
    while let last = try await store.pairs(dataset: "probe", after: position).last {
      for stored in try await store.pairs(dataset: "probe", after: position) {
        for label in stored.labels { found.insert("\(stored.pair.id) \(label.principleID)") }
      }
      position = last.position
    }
    #expect(Set(acknowledged).subtracting(found).isEmpty)
    try store.close()
  }

  @Test func `a judge killed between the two orders is not paid again for the first`() async throws
  {
    #expect(try killProbe(mode: "half", after: 1) == ["second order asked"])
    let store = try LabelStore(path: folder.file("labels.sqlite"))
    #expect(try await store.verdictCount() == 1)
    let judge = CountingJudge(id: "half", batchSize: 1)
    let engine = LabelingEngine(store: store, logger: Logger(label: "test"))
    let halfPair = PreferencePair(
      id: "pair-0",
      prompt: "How do I chop onions, number 0?",
      responseA: "Chop them with a sharp knife, 0.",
      responseB: "Use a board for number 0 and a knife."
    )
    let outcomes = try await engine.label(
      [halfPair],
      dataset: "probe",
      principles: [conciseness],
      judge: judge
    )
    #expect((try? outcomes[0].result.get()) != nil)
    #expect(judge.questionCount == 1)
  }
}
