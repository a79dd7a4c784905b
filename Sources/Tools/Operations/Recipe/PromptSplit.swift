internal import Foundation
internal import JSON
package import Messages
internal import RunReports

/// Prompts to learn from and prompts that only the evaluation sees.
package struct PromptSplit: Sendable, Equatable {
  /// Both in the order of the file.
  package let training: [Prompt]
  /// Prompts that only the evaluation sees, in the order of the file.
  package let heldOut: [Prompt]

  /// Holds out a share, chosen by the seed alone: at least one when there are two prompts or more.
  package init(_ prompts: [Prompt], heldOutShare: Double, seed: UInt64) {
    var order = Array(prompts.indices)
    var random = SplitMix64(state: seed)
    for position in order.indices.reversed() where position > 0 {
      order.swapAt(position, random.below(position + 1))
    }
    let share = (Double(prompts.count) * heldOutShare).rounded()
    let count = prompts.count < 2 ? 0 : min(prompts.count - 1, max(1, Int(share)))
    let chosen = Set(order.prefix(count))
    training = prompts.indices.filter { !chosen.contains($0) }.map { prompts[$0] }
    heldOut = prompts.indices.filter { chosen.contains($0) }.map { prompts[$0] }
  }
}

/// Steele, Lea and Flood's generator: enough to shuffle a list the same way everywhere.
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }

  /// A number below a limit; the bias of the multiplication is far below anything we could see.
  mutating func below(_ limit: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(limit)).high)
  }
}

/// Files of prompts: lines `{"id", "prompt"}`, where `id` may be left out.
package enum PromptFile {
  /// Reads every prompt.
  package static func read(path: String) throws(OperationsError) -> [Prompt] {
    try prompts(RecordReader(path: path))
  }

  /// Every prompt of lines that are open already.
  package static func prompts(_ reader: RecordReader) throws(OperationsError) -> [Prompt] {
    var prompts: [Prompt] = []
    var identifiers = Set<String>()
    while let record = try reader.next() {
      guard let text = record["prompt"]?.text, !text.allSatisfy(\.isWhitespace) else {
        throw reader.refusal("needs a text \"prompt\" that is not empty")
      }
      let identifier = record["id"]?.text ?? "line-\(reader.lineNumber)"
      guard identifiers.insert(identifier).inserted else {
        throw reader.refusal("the id \"\(identifier)\" occurs twice")
      }
      prompts.append(Prompt(id: identifier, text: text))
    }
    if prompts.isEmpty { throw .input("\(reader.name) holds no prompt") }
    return prompts
  }
}
