import ChildProcesses
import Foundation
import JSON
import Testing

@Suite struct ModelBenchmarkTests {
  @Test func `every figure is measured and printed as JSON`() throws {
    let (status, output) = try commandOutput([
      BenchmarkProgram.path, "model", "--model", Self.model, "--json", "--rounds", "1",
    ])
    #expect(status == 0, "\(output)")
    let figures = try JSONValue(parsing: output)
    for name in [
      "score_tokens_per_s", "lora_step_tokens_per_s", "full_step_tokens_per_s",
      "generate_b1_tokens_per_s",
      "generate_b32_tokens_per_s", "score_k12_over_k1", "sgemm_gflops", "score_fraction_of_sgemm",
      "peak_rss_mib",
    ] {
      #expect(try #require(figures[name]?.double) > 0, "\(name)")
    }
  }

  @Test func `a profile names each kind of work`() throws {
    let (status, output) = try commandOutput([
      BenchmarkProgram.path, "model", "--model", Self.model, "--profile",
    ])
    #expect(status == 0, "\(output)")
    for name in ["scoring", "LoRA step", "full fine-tuning step", "weight gradients", "q, k, v"] {
      #expect(output.contains(name), "\(name)")
    }
  }

  @Test func `a model that is not there is named`() throws {
    let (status, output) = try commandOutput([
      BenchmarkProgram.path, "model", "--model", "/nowhere/model.gguf",
    ])
    #expect(status != 0)
    #expect(output.contains("/nowhere/model.gguf"))
  }

  private static let model = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Vectors/models/tiny-chat").path
}
