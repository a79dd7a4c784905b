import Foundation
import JSON
import LanguageModels
import ModelFiles
import Tensors
import Testing

/// Whatever a `config.json` claims, a model is refused or runs; nothing stops the program.
@Suite struct DamagedConfigurationTests {
  private static let values: [JSONValue] = [
    .null, .bool(true), .bool(false), .integer(0), .integer(-1), .integer(1), .integer(3),
    .integer(1 << 20), .integer(1 << 40), .integer(.max), .integer(.min), .number(0),
    .number(-0.5), .number(1e-300), .number(1e300), .string("x"), .array([]), .object([]),
    .array([.string("full_attention")]), .array([.integer(.max)]),
    .object([JSONMember("rope_type", .string("linear")), JSONMember("factor", .number(1e-300))]),
    .object([
      JSONMember("rope_type", .string("llama3")), JSONMember("factor", .number(8)),
      JSONMember("low_freq_factor", .number(1)), JSONMember("high_freq_factor", .number(1)),
      JSONMember("original_max_position_embeddings", .number(1e300)),
    ]),
  ]

  @Test(arguments: FamilyGoldenTests.families)
  func `a model of any damaged configuration is refused or runs`(family: String) throws {
    let source = FamilyGolden.folder(family)
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "damaged-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: source, toPath: folder)
    let undamaged = try StoredModel.open(source).metadata
    let original = try JSONValue.read(path: source + "/config.json")
    let members = try #require(original.members)
    let more = ["rope_scaling", "rope_theta", "sliding_window", "layer_types", "attention_bias"]
    var opened = 0
    for name in members.map(\.name) + more {
      for value in Self.values {
        let damaged = members.filter { $0.name != name } + [JSONMember(name, value)]
        let text = JSONValue.object(damaged).line
        try text.write(toFile: folder + "/config.json", atomically: false, encoding: .utf8)
        guard let stored = try? StoredModel.open(folder) else { continue }
        opened += 1
        // A field that nothing reads may be anything.
        guard stored.metadata != undamaged, let model = try? LanguageModel.load(stored) else {
          continue
        }
        let batch = PackedBatch([[1, 5, 9], [1, 5, 7]])
        guard (try? batch.check(for: model.configuration)) != nil else { continue }
        #expect(model.hiddenStates(batch).rows == 6)
      }
    }
    #expect(opened > members.count)
  }
}
