import Foundation
import Scalarization
import Testing

@Suite struct ScalarizerTests {
  private func linear() throws -> Scalarizer {
    Scalarizer(
      try ScalarizationConfiguration(
        method: .linear,
        principles: [
          PrincipleWeight(id: "brief", weight: 2, mean: 1, standardDeviation: 4),
          PrincipleWeight(id: "clear", weight: -1),
        ]
      )
    )
  }

  @Test func `scores are standardised by the frozen statistics and found by name`() throws {
    let batch = try linear().scalarize(
      ScoreMatrix(principles: ["clear", "brief"], values: [3, 5, 0, 1])
    )
    #expect(batch.rewards == [-1, 0])
    #expect(batch.contributions == [2, -3, 0, 0])
    #expect(batch.principles == ["brief", "clear"])
  }

  @Test func `an unknown principle is refused by name`() throws {
    let scalarizer = try linear()
    #expect(throws: ScalarizationError.unknownPrinciple("loud", known: ["brief", "clear"])) {
      try scalarizer.scalarize(
        ScoreMatrix(principles: ["brief", "clear", "loud"], values: [1, 2, 3])
      )
    }
  }

  @Test func `a missing principle is refused by name`() throws {
    let scalarizer = try linear()
    #expect(throws: ScalarizationError.missingPrinciple("clear")) {
      try scalarizer.scalarize(ScoreMatrix(principles: ["brief"], values: [1]))
    }
  }

  @Test func `a repeated principle is refused by name`() throws {
    let scalarizer = try linear()
    #expect(throws: ScalarizationError.duplicatePrinciple("brief")) {
      try scalarizer.scalarize(
        ScoreMatrix(principles: ["brief", "clear", "brief"], values: [1, 2, 3])
      )
    }
  }

  @Test(arguments: [Double.infinity, -.infinity])
  func `an infinite score is refused with its row and principle`(value: Double) throws {
    let scalarizer = try linear()
    #expect(
      throws: ScalarizationError.nonFiniteScore(principle: "clear", row: 1, value: value)
    ) {
      try scalarizer.scalarize(
        ScoreMatrix(principles: ["brief", "clear"], values: [1, 2, 3, value])
      )
    }
  }

  @Test func `a score that is not a number is refused`() throws {
    let scalarizer = try linear()
    #expect {
      try scalarizer.scalarize(ScoreMatrix(principles: ["brief", "clear"], values: [.nan, 2]))
    } throws: { error in
      "\(error)".contains("scores[0].brief")
    }
  }

  @Test func `finite scores whose reward overflows are refused`() throws {
    let scalarizer = try linear()
    #expect(throws: ScalarizationError.nonFiniteReward(row: 0)) {
      try scalarizer.scalarize(
        ScoreMatrix(principles: ["brief", "clear"], values: [1.7e308, -1.7e308])
      )
    }
  }

  @Test func `values that do not fill the rows are refused`() throws {
    let scalarizer = try linear()
    #expect(throws: ScalarizationError.shapeMismatch(values: 3, rows: 1, principles: 2)) {
      try scalarizer.scalarize(ScoreMatrix(principles: ["brief", "clear"], values: [1, 2, 3]))
    }
  }

  @Test func `an empty batch gives no rewards`() throws {
    let batch = try linear().scalarize(ScoreMatrix(principles: ["brief", "clear"], values: []))
    #expect(batch.rewards.isEmpty && batch.contributions.isEmpty)
  }
}
