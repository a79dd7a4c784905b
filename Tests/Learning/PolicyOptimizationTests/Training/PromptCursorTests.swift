import Foundation
import PolicyOptimization
import Testing

@Suite struct PromptCursorTests {
  @Test func `every prompt is dealt once before any is dealt again`() {
    var cursor = PromptCursor(promptCount: 7, seed: 4)
    let dealt = cursor.next(3) + cursor.next(5) + cursor.next(6)
    #expect(dealt[..<7].sorted() == Array(0..<7) && dealt[7...].sorted() == Array(0..<7))
    #expect(Array(dealt[..<7]) != Array(dealt[7...]))
  }

  @Test func `more prompts than there are can be dealt at once`() {
    var cursor = PromptCursor(promptCount: 3, seed: 4)
    #expect(cursor.next(10).count == 10 && cursor.position == 10)
  }

  @Test func `a stored cursor goes on where it stood`() throws {
    var cursor = PromptCursor(promptCount: 11, seed: 4)
    _ = cursor.next(8)
    var again = try JSONDecoder().decode(
      PromptCursor.self,
      from: JSONEncoder().encode(cursor)
    )
    #expect(again.next(9) == cursor.next(9))
  }
}
