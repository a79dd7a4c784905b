import ChildProcesses
import Foundation
import JSON
import Testing

@Suite struct PolicyStepBenchmarkTests {
  @Test func `a whole step is measured and printed as JSON`() throws {
    let model = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Vectors/models/tiny-chat").path
    let (status, output) = try commandOutput([
      BenchmarkProgram.path, "ppo-step", "--model", model, "--json", "--rounds", "1",
    ])
    #expect(status == 0, "\(output)")
    let figures = try JSONValue(parsing: output)
    for name in ["ppo_step_s", "ppo_rollout_s", "ppo_scores_s", "ppo_update_s"] {
      #expect(try #require(figures[name]?.double) > 0, "\(name)")
    }
  }
}
