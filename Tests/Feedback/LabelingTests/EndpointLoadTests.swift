import ChildProcesses
import Foundation
import ScriptedEndpoint
import Testing

@Suite struct EndpointLoadTests {
  @Test func `a thousand requests are under way at once and memory stays as it is`() throws {
    let server = try ScriptedServer()
    let folder = TemporaryFolder()
    // The endpoint answers nobody until a thousand wait.
    let outcome = try commandOutput([
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("LabelStoreProbe").path,
      "endpoint", folder.file("labels.sqlite"), server.baseURL("t", "hold1000"), "1000", "6000",
    ])
    let memory = outcome.output.split(separator: "\n").compactMap { Int($0) }
    try #require(memory.count == 6, "\(outcome)")
    let requests = try server.requests("t")
    #expect(requests.map(\.active).max() == 1000)
    #expect(requests.count == 12_000 && Set(requests.map(\.body)).count == 12_000)
    // Eighty megabytes of requests went out after the first figure.
    #expect(memory[5] - memory[0] < 40_000, "resident KiB: \(memory)")
  }
}
