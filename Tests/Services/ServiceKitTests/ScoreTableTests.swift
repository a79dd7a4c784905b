import Messages
import RPC
import ServiceKit
import ServiceTesting
import Testing

@Suite struct ScoreTableTests {
  private func message(
    principles: [String] = ["a", "b"],
    items: [String] = ["x", "y"],
    values: [Float] = [1, 2, 3, 4]
  ) -> ScoreMatrix {
    ScoreMatrix(principleIDs: principles, itemIDs: items, values: values)
  }

  @Test func `a sound matrix is taken as it is`() throws {
    let table = try ScoreTable(message(), field: "scores")
    #expect(table.principleIDs == ["a", "b"])
    #expect(table.itemIDs == ["x", "y"])
    #expect(table.values == [1, 2, 3, 4])
  }

  @Test func `numbers that are not finite are refused by item and principle`() async {
    for bad in [Float.nan, .infinity, -.infinity] {
      let (code, text) = await refusal {
        try ScoreTable(message(values: [1, 2, bad, 4]), field: "scores")
      }
      #expect(code == .invalidArgument)
      #expect(text.contains("item 'y'") && text.contains("principle 'a'"), "\(text)")
    }
  }

  @Test func `missing, repeated and empty names are refused`() async {
    #expect(await refusal { try ScoreTable(nil, field: "f") }.message == "f is missing")
    let twice = await refusal { try ScoreTable(message(items: ["x", "x"]), field: "f") }
    #expect(twice.message == "f.item_ids: 'x' occurs twice")
    let unnamed = await refusal { try ScoreTable(message(principles: ["a", ""]), field: "f") }
    #expect(unnamed.message == "f.principle_ids[1] is empty")
    let none = await refusal { try ScoreTable(message(items: [], values: []), field: "f") }
    #expect(none.message == "f.item_ids is empty")
  }

  @Test func `a wrong number of values and too many rows are refused`() async {
    let short = await refusal { try ScoreTable(message(values: [1, 2, 3]), field: "f") }
    #expect(short.message.contains("f.values has 3 entries"))
    let limits = ScoreTable.Limits(itemsMax: 1, principlesMax: 2)
    let long = await refusal { try ScoreTable(message(), field: "f", limits: limits) }
    #expect(long.message == "f.item_ids has 2 entries, at most 1 are allowed")
  }

  @Test(arguments: ["", ".", "../x", "a/b", "a b", ".hidden", String(repeating: "x", count: 200)])
  func `an identifier that is no file name is refused`(id: String) async {
    #expect(await refusal { try MessageChecks.fileName(id, "run_id") }.code == .invalidArgument)
  }

  @Test func `a range refuses what is outside and NaN`() async throws {
    #expect(try MessageChecks.inRange(0.5, 0...1, "x") == 0.5)
    for bad in [-0.1, 1.1, Double.nan] {
      #expect(await refusal { try MessageChecks.inRange(bad, 0...1, "x") }.code == .invalidArgument)
    }
  }
}
