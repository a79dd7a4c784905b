import Foundation
import RunReports
import Testing

@Suite struct TensorBoardEventTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
  }

  private static let header =
    "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110"
  private static let scalars =
    "440000000000000043592e9a0900005040fc54d94110ac022a360a130a0c6f626a6563746976652f"
    + "6b6c150000c03f0a1f0a18726577617264732f636f6e636973656e6573732f6d65616e15cdccccbd"
    + "1d969492"

  private static let texts =
    "5700000000000000e6ba948c0900005040fc54d94110ac022a490a130a0c6f626a6563746976652f"
    + "6b6c150000c03f0a320a09616e73776572732f31421b080712041202080142115768793f20426563"
    + "6175736520e298822e4a080a060a047465787466d2bafa"

  // The vectors were written by TensorBoard's own Python writer (tensorboard 2.21).
  @Test func `a header is the reference writer's, byte for byte`() {
    #expect(hex(TensorBoardEvent.header(wallTime: 1_700_000_000.5)) == Self.header)
  }

  @Test func `scalars are the reference writer's, byte for byte`() {
    let bytes = TensorBoardEvent.step(
      [("objective/kl", 1.5), ("rewards/conciseness/mean", -0.1)],
      step: 300,
      wallTime: 1_700_000_001.25
    )
    #expect(hex(bytes) == Self.scalars)
  }

  @Test func `texts are the reference writer's, byte for byte`() {
    let bytes = TensorBoardEvent.step(
      [("objective/kl", 1.5)],
      texts: [("answers/1", "Why? Because ☂.")],
      step: 300,
      wallTime: 1_700_000_001.25
    )
    #expect(hex(bytes) == Self.texts)
  }
}
