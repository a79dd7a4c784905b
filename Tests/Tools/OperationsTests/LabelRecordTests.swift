import JSON
import Messages
import Operations
import Testing

@Suite struct LabelRecordTests {
  private func pair(_ answer: String, line: Int = 1, id: String? = nil) throws -> PreferencePair {
    var members = [
      JSONMember("prompt", .string("Why?")), JSONMember("response_a", .string(answer)),
      JSONMember("response_b", .string("Because.")),
    ]
    if let id { members.append(JSONMember("id", .string(id))) }
    return try LabelRecord.pair(json: .object(members), line: line, source: "pairs.jsonl")
  }

  @Test func `the texts name a pair that has no id, wherever it stands`() throws {
    #expect(try pair("So.", line: 1).id == pair("So.", line: 7).id)
    #expect(try pair("So.", line: 1).id != pair("Thus.", line: 1).id)
  }

  @Test func `a given id is kept`() throws {
    #expect(try pair("So.", id: "mine").id == "mine")
  }

  @Test func `a missing text is refused with its line`() throws {
    let error = #expect(throws: OperationsError.self) {
      try LabelRecord.pair(json: ["prompt": .string("Why?")], line: 3, source: "pairs.jsonl")
    }
    #expect(try #require(error).description.contains("pairs.jsonl, line 3"))
  }
}
