import Foundation
import Logging
import ServiceKit
import Testing

@Suite struct StandardErrorLogHandlerTests {
  @Test func `an event is one line that no value can break`() {
    let line = StandardErrorLogHandler.line(
      time: Date(timeIntervalSince1970: 0),
      level: .info,
      service: "labeler",
      message: "two\nlines",
      metadata: ["b": "with space", "a": "x\n\u{1B}[31m"]
    )
    #expect(
      line == "1970-01-01T00:00:00.000Z info labeler: two\\nlines a=x\\n\\u{1b}[31m "
        + "b=\"with space\"\n"
    )
  }
}
