import Foundation
import Testing

/// What people decide where judges are unsure, through the command line and a real labeler.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .timeLimit(.minutes(5))
)
struct ReviewTests {
  let cluster: Cluster

  init() throws { cluster = try Cluster(["labeler"]) }

  private func morlaif(_ arguments: [String], input: String = "") throws -> String {
    let outcome = try cluster.morlaif(
      arguments + ["--endpoint", "labeler=\(cluster.endpoint("labeler"))"],
      input: input
    )
    try cluster.expectSuccess(outcome)
    return outcome.output + outcome.errors
  }

  @Test func `pairs are reviewed by keys from a pipe, and by another tool`() throws {
    let lines = (0..<5).map { number in
      """
      {"id": "\(number)", "prompt": "Number \(number)?", "response_a": "It is \(number).", \
      "response_b": "Well, let me think about \(number)."}
      """
    }
    let label = [
      "label", "--dataset", "d", "--principle", "conciseness", "--input", "-", "--defer-below", "1",
    ]
    let input = lines.joined(separator: "\n")
    let told = try morlaif(label, input: input)
    #expect(told.contains("5 judgements wait for a person: morlaif review --dataset d"))

    // One, undone and decided again; one tie; one skipped; one without label; then the end of the pipe.
    let review = ["review", "--dataset", "d", "--annotator", "ann"]
    let shown = try morlaif(review, input: "1u2\nt\nsd\n")
    #expect(shown.contains("[1/5]") && shown.contains("Response 1") && shown.contains("Number 4?"))
    #expect(shown.hasSuffix("3 decided by ann\n"), "\(shown)")

    let queue = cluster.folder.path("queue.jsonl")
    _ = try morlaif(["review", "--dataset", "d", "--export", queue])
    let waiting = try String(contentsOfFile: queue, encoding: .utf8)
    #expect(waiting.split(separator: "\n").count == 2)
    try waiting.replacingOccurrences(of: #""resolution":"pending""#, with: #""resolution":"a""#)
      .write(toFile: queue, atomically: true, encoding: .utf8)
    #expect(try morlaif(review + ["--apply", queue]).contains("2 decided by ann"))

    // Four labels, all of them a person's; the fifth pair gets none.
    let outcome = try cluster.morlaif(
      label + ["--endpoint", "labeler=\(cluster.endpoint("labeler"))"],
      input: input
    )
    #expect(outcome.status == 70 && outcome.errors.contains("a person decided in review"))
    let labels = outcome.output.split(separator: "\n")
    #expect(labels.count == 4 && labels.allSatisfy { $0.contains(#""judge":"human:ann""#) })
    #expect(try morlaif(["statistics", "--dataset", "d"]).contains("human:ann"))
  }
}
