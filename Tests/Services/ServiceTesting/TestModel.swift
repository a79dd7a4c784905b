import Foundation

/// Where the tiny models of the tests are.
package enum TestModel {
  /// A random Llama of 60,000 parameters with a real tokenizer and chat template.
  package static let tinyChat = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Vectors/models/tiny-chat").path
}
