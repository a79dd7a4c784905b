import ChildProcesses
import Foundation
import JSON
import Testing

@Suite struct RPCBenchmarkTests {
  @Test func `every figure is measured between two processes and printed as JSON`() throws {
    let (status, output) = try commandOutput([
      BenchmarkProgram.path, "rpc", "--json", "--seconds", "0.05", "--rounds", "1", "--idle", "20",
    ])
    #expect(status == 0, "\(output)")
    let figures = try #require(try JSONValue(parsing: output).elements)
    #expect(
      figures.map { $0["name"]?.text } == [
        "unary", "unary", "unary", "server_streaming", "large_message", "connecting", "idle",
      ]
    )
    #expect(figures.prefix(3).map { $0["in_flight"]?.whole } == [1, 16, 128])
    for figure in figures.prefix(3) {
      for name in ["calls_per_s", "p50_us", "p99_us", "floor_p50_us", "floor_msgs_per_s"] {
        #expect(try #require(figure[name]?.double) > 0, "\(name)")
      }
    }
  }

  @Test func `numbers that make no sense are refused`() throws {
    let (status, output) = try commandOutput([BenchmarkProgram.path, "rpc", "--rounds", "0"])
    #expect(status == 64)
    #expect(output.contains("above 0"))
  }
}
