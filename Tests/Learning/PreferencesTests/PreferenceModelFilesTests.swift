import Foundation
import LanguageModels
import ModelFiles
import Preferences
import Testing

@Suite struct PreferenceModelFilesTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("preferences-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func `a preference model survives its folder unchanged`() throws {
    var configuration = PreferenceModelTrainerTests.configuration(epochs: 1)
    configuration.adapter.targets = [.q, .v, .down]
    let artifact = try PreferenceModelTrainerTests.train(configuration, ["a"])[0]
    try withFolder { folder in
      try artifact.write(to: folder, model: .tiny)
      let again = try PreferenceModelArtifact.read(from: folder, model: .tiny)
      #expect(again == artifact)
    }
  }

  @Test func `a preference model over GPT-2's joint maps survives its folder unchanged`() throws {
    var model = ModelConfiguration.tiny
    model.family = .gpt2
    model.keyValueHeadCount = model.headCount
    model.traits.feedForward = .gelu
    let trained = try PreferenceModelTrainerTests.train(
      PreferenceModelTrainerTests.configuration(epochs: 1),
      ["a"]
    )[0]
    let artifact = PreferenceModelArtifact(
      principle: "a",
      adapter: LowRankAdapter(AdapterConfiguration(rank: 4, topLayers: 2), model: model, seed: 9),
      head: trained.head,
      normaliser: trained.normaliser,
      provenance: trained.provenance
    )
    #expect(artifact.adapter.configuration.targets == [.qkv, .o, .up, .down])
    try withFolder { folder in
      try artifact.write(to: folder, model: model)
      #expect(try PreferenceModelArtifact.read(from: folder, model: model) == artifact)
    }
  }

  @Test func `weights that were exchanged are refused`() throws {
    let configuration = PreferenceModelTrainerTests.configuration(epochs: 1)
    let artifacts = try PreferenceModelTrainerTests.train(configuration, ["a", "b"])
    try withFolder { folder in
      try artifacts[0].write(to: folder + "/a", model: .tiny)
      try artifacts[1].write(to: folder + "/b", model: .tiny)
      let name = "/adapter_model.safetensors"
      try FileManager.default.removeItem(atPath: folder + "/a" + name)
      try FileManager.default.copyItem(atPath: folder + "/b" + name, toPath: folder + "/a" + name)
      #expect(throws: PreferenceError.self) {
        try PreferenceModelArtifact.read(from: folder + "/a", model: .tiny)
      }
    }
  }

  @Test func `an adapter of another base model is refused`() throws {
    let configuration = PreferenceModelTrainerTests.configuration(epochs: 1)
    let artifact = try PreferenceModelTrainerTests.train(configuration, ["a"])[0]
    try withFolder { folder in
      try artifact.write(to: folder, model: .tiny)
      var other = ModelConfiguration.tiny
      other.feedForwardWidth = 48
      #expect(throws: PreferenceError.self) {
        try PreferenceModelArtifact.read(from: folder, model: other)
      }
      #expect(throws: PreferenceError.self) {
        try PreferenceModelArtifact.read(from: folder + "/nothing", model: .tiny)
      }
    }
  }
}
