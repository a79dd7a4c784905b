import Foundation
import Scalarization
import Testing

@Suite struct ScalarizationHistoryTests {
  private func configuration(_ method: ScalarizationMethod) throws -> ScalarizationConfiguration {
    try ScalarizationConfiguration(
      method: method,
      principles: [PrincipleWeight(id: "a", weight: 1), PrincipleWeight(id: "b", weight: 2)]
    )
  }

  @Test func `versions count upwards and an equal configuration keeps its version`() throws {
    var history = ScalarizationHistory(try configuration(.linear))
    #expect(history.append(try configuration(.linear)).version == 1)
    #expect(history.append(try configuration(.maxMin)).version == 2)
    #expect(history.append(try configuration(.linear)).version == 3)
    #expect(history.entry(version: 3)?.hash == history.entry(version: 1)?.hash)
    #expect(history.entry(version: 0) == nil && history.entry(version: 4) == nil)
  }

  // METHODS A(g) 5, the part that needs no training.
  @Test func `every reward logged across swaps is recomputed from its version`() throws {
    var history = ScalarizationHistory(try configuration(.linear))
    var random = TestRandom(seed: 21)
    var log: [(version: Int, scores: ScoreMatrix, rewards: [Double])] = []
    for step in 0..<12 {
      history.append(try configuration(step / 4 == 1 ? .maxMin : .linear))
      let scores = ScoreMatrix(
        principles: ["a", "b"],
        values: (0..<16).map { _ in random.normal() }
      )
      let batch = try Scalarizer(history.current.configuration).scalarize(scores)
      log.append((history.current.version, scores, batch.rewards))
    }
    #expect(Set(log.map(\.version)) == [1, 2, 3])
    let restored = try JSONDecoder().decode(
      ScalarizationHistory.self,
      from: JSONEncoder().encode(history)
    )
    for record in log {
      let entry = try #require(restored.entry(version: record.version))
      #expect(
        try Scalarizer(entry.configuration).scalarize(record.scores).rewards == record.rewards
      )
    }
  }

  @Test func `a history whose hash was altered is refused`() throws {
    let history = ScalarizationHistory(try configuration(.linear))
    let text = String(decoding: try JSONEncoder().encode(history), as: UTF8.self)
    let altered = text.replacingOccurrences(of: history.current.hash, with: "00")
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ScalarizationHistory.self, from: Data(altered.utf8))
    }
  }
}
