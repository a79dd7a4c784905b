import Foundation
import JSON
import ModelFiles
import Testing

@Suite struct StoredModelTests {
  /// Changes one field of a copied folder's `config.json` and opens it.
  private func open(_ kind: String, _ key: String, _ value: JSONValue?) throws -> StoredModel {
    let folder = try TemporaryFolder()
    let path = try folder.copy(kind)
    var members = try #require(try JSONValue.read(path: path + "/config.json").members)
    members.removeAll { $0.name == key }
    if let value { members.append(JSONMember(key, value)) }
    try AtomicFile.write(JSONValue.object(members).pretty + "\n", to: path + "/config.json")
    let model = try StoredModel.open(path)
    for name in model.weights.tensorNames { _ = try model.weights.values(of: name) }
    return model
  }

  @Test func `the configuration of a tied folder is read`() throws {
    let metadata = try StoredModel.open(Vectors.path("tiny-llama-tied")).metadata
    #expect(
      metadata
        == ModelMetadata(
          layerCount: 3,
          width: 32,
          headCount: 4,
          keyValueHeadCount: 2,
          headWidth: 8,
          feedForwardWidth: 48,
          vocabularySize: 64,
          contextLength: 256,
          ropeTheta: 100_000,
          normEpsilon: 1e-5,
          tiesEmbeddings: true,
          bosTokenID: 1,
          eosTokenIDs: [2],
          padTokenID: 0
        )
    )
  }

  @Test func `shards are read through their index`() throws {
    let model = try StoredModel.open(Vectors.path("tiny-llama-untied"))
    #expect(model.metadata.headWidth == 6)
    #expect(!model.metadata.tiesEmbeddings)
    #expect(model.weights.tensorNames.count == model.metadata.expectedShapes.count)
    for (name, shape) in model.metadata.expectedShapes {
      let values = try model.weights.values(of: name)
      #expect(values.count == shape.reduce(1, *))
      #expect(values.contains { $0 != 0 })
    }
  }

  @Test func `bfloat16 folders are read`() throws {
    let model = try StoredModel.open(Vectors.path("tiny-chat"))
    let values = try model.weights.values(of: "model.embed_tokens.weight")
    #expect(values.allSatisfy { $0.bitPattern & 0xFFFF == 0 })
  }

  @Test func `an unknown architecture is refused with the list of those that are read`() throws {
    let error = #expect(throws: ModelFileError.self) {
      try open("tiny-llama-tied", "model_type", .string("mamba"))
    }
    #expect(error?.description.contains("mamba") == true)
    #expect(error?.description.contains("supported architectures: llama") == true)
  }

  @Test(
    arguments: [
      ("hidden_act", JSONValue.string("gelu"), "gelu"),
      ("attention_bias", .bool(true), "q_proj.bias"),
      ("mlp_bias", .bool(true), "gate_proj.bias"),
      ("rope_parameters", .object([JSONMember("rope_type", .string("llama3"))]), "llama3"),
      ("rope_scaling", .object([JSONMember("type", .string("linear"))]), "linear"),
      ("rope_scaling", .object([JSONMember("type", .string("yarn"))]), "yarn"),
      (
        "rope_scaling",
        .object([JSONMember("type", .string("linear")), JSONMember("factor", .integer(0))]),
        "linear"
      ),
      ("partial_rotary_factor", .number(0.5), "rotary over 0.5"),
      ("quantization_config", .object([]), "quantised"),
      ("hidden_size", .integer(64), "model.embed_tokens.weight"),
      ("hidden_size", .string("32"), "hidden_size"),
      ("hidden_size", nil, "hidden_size"),
      ("hidden_size", .integer(0), "width"),
      ("hidden_size", .integer(.max), "width"),
      ("num_attention_heads", .integer(0), "num_attention_heads"),
      ("num_attention_heads", .integer(5), "share"),
      ("num_attention_heads", .integer(-4), "num_attention_heads"),
      ("num_key_value_heads", .integer(0), "key-value"),
      ("num_key_value_heads", .integer(3), "share"),
      ("head_dim", .integer(7), "odd"),
      ("num_hidden_layers", .integer(4), "model.layers.3"),
      ("num_hidden_layers", .integer(.max), "layers"),
      ("intermediate_size", .integer(47), "gate_proj"),
      ("vocab_size", .integer(65), "embed_tokens"),
      ("tie_word_embeddings", .bool(false), "lm_head.weight"),
      ("rms_norm_eps", .number(-1), "epsilon"),
      ("eos_token_id", .integer(64), "special token"),
      ("eos_token_id", .integer(-1), "special token"),
      ("eos_token_id", .string("x"), "eos_token_id"),
      ("bos_token_id", .integer(1 << 40), "bos_token_id"),
    ] as [(String, JSONValue?, String)]
  )
  func `a configuration that does not fit is refused with its fault`(
    _ key: String,
    _ value: JSONValue?,
    _ fault: String
  ) throws {
    let error = #expect(throws: ModelFileError.self) {
      try open("tiny-llama-tied", key, value)
    }
    #expect(error?.description.contains(fault) == true, "\(String(describing: error))")
  }

  @Test func `several end tokens are kept, those of the generation first`() throws {
    let model = try open("tiny-llama-tied", "eos_token_id", .array([.integer(7), .integer(2)]))
    #expect(model.metadata.eosTokenIDs == [2, 7])
  }

  @Test func `a folder without weights says what it looked for`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("tiny-llama-tied")
    try FileManager.default.removeItem(atPath: path + "/model.safetensors")
    let error = #expect(throws: ModelFileError.self) { try StoredModel.open(path) }
    #expect(error?.description.contains("model.safetensors.index.json") == true)
  }

  @Test(arguments: ["../x.safetensors", "/etc/passwd", "..", "", "missing.safetensors"])
  func `an index that points elsewhere is refused`(_ target: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("tiny-llama-untied")
    let index = JSONValue.object([
      JSONMember("weight_map", .object([JSONMember("lm_head.weight", .string(target))]))
    ])
    try AtomicFile.write(index.line, to: path + "/model.safetensors.index.json")
    #expect(throws: ModelFileError.self) { try StoredModel.open(path) }
  }

  @Test(arguments: ["tiny-llama-tied", "tiny-llama-untied"])
  func `a written folder is the same model`(_ kind: String) throws {
    let model = try StoredModel.open(Vectors.path(kind))
    let folder = try TemporaryFolder()
    let path = folder.path + "/deep/merged"
    try ModelFolder.write(to: path, metadata: model.metadata) { name throws(ModelFileError) in
      try model.weights.values(of: name)
    }
    let copy = try StoredModel.open(path)
    #expect(copy.metadata == model.metadata)
    #expect(
      try WeightHash.sha256(of: copy.weights) == WeightHash.sha256(of: model.weights)
    )
  }
}
