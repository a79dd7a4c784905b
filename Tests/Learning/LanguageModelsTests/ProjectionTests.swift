import LanguageModels
import ModelFiles
import Tensors
import Testing

/// The names that adapters have in the checkpoints of a family.
@Suite struct ProjectionTests {
  private static let gpt2 = sampleConfigurations.first { $0.family == .gpt2 } ?? .tiny

  @Test func `a family has the maps that its checkpoints have`() {
    #expect(Projection.all(of: .tiny) == [.q, .k, .v, .o, .gate, .up, .down])
    #expect(Projection.all(of: Self.gpt2) == [.o, .up, .down, .qkv])
  }

  @Test func `names that end alike are written whole`() {
    #expect(Projection.q.targetName(.tiny) == "q_proj")
    #expect(Projection.qkv.targetName(Self.gpt2) == "c_attn")
    #expect(Projection.up.targetName(Self.gpt2) == "c_fc")
    #expect(Projection.o.targetName(Self.gpt2) == "attn.c_proj")
    #expect(Projection.down.targetName(Self.gpt2) == "mlp.c_proj")
  }

  @Test func `a wish for queries is one for the map they are part of`() {
    let wish = AdapterConfiguration(rank: 2, alpha: 4, topLayers: 1, targets: [.q, .gate, .down])
    let adapter = LowRankAdapter(wish, model: Self.gpt2, seed: 1)
    #expect(adapter.configuration.targets == [.qkv, .down])
    #expect(
      adapter.parameters.names == [
        "base_model.model.transformer.h.2.mlp.c_proj.lora_A.weight",
        "base_model.model.transformer.h.2.mlp.c_proj.lora_B.weight",
        "base_model.model.transformer.h.2.attn.c_attn.lora_A.weight",
        "base_model.model.transformer.h.2.attn.c_attn.lora_B.weight",
      ]
    )
    let joint = adapter.parameters.matrices.suffix(2)
    #expect(joint.map(\.rows) == [2, 72] && joint.map(\.columns) == [24, 2])
  }

  @Test(arguments: sampleConfigurations)
  func `the maps of an adapter are told by its names`(configuration: ModelConfiguration) {
    let all = Projection.all(of: configuration)
    for targets in [Set(all), Set(all.prefix(1)), Set(all.suffix(2))] {
      let wish = AdapterConfiguration(rank: 2, alpha: 4, topLayers: 2, targets: targets)
      let names = LowRankAdapter(wish, model: configuration, seed: 1).parameters.names
      #expect(LowRankAdapter.targets(named: names, configuration) == targets)
    }
  }
}
