import Foundation
import JSON
import ModelFiles
import Testing

/// What the files of every family say, and what is refused of them.
@Suite struct ModelFamilyTests {
  /// A copy of a vector's folder with some fields of its configuration replaced, opened.
  private func open(_ kind: String, _ changes: [(String, JSONValue?)]) throws -> StoredModel {
    let folder = try TemporaryFolder()
    let path = try folder.copy(kind)
    var members = try #require(try JSONValue.read(path: path + "/config.json").members)
    for (key, value) in changes {
      members.removeAll { $0.name == key }
      if let value { members.append(JSONMember(key, value)) }
    }
    try AtomicFile.write(JSONValue.object(members).pretty + "\n", to: path + "/config.json")
    return try StoredModel.open(path)
  }

  @Test func `an unknown family is refused with the list of all that are read`() throws {
    let error = #expect(throws: ModelFileError.self) {
      try open("tiny-gpt2", [("model_type", .string("mamba"))])
    }
    #expect(
      error?.description.hasSuffix(
        "the architecture mamba; supported architectures: "
          + "llama, mistral, qwen2, qwen3, gpt2, gemma3_text"
      ) == true
    )
  }

  @Test(
    arguments: [
      ("tiny-gpt2", "activation_function", .string("relu"), "relu"),
      ("tiny-gpt2", "scale_attn_by_inverse_layer_idx", .bool(true), "scale_attn_by_inverse"),
      ("tiny-gpt2", "scale_attn_weights", .bool(false), "scale_attn_weights"),
      ("tiny-gpt2", "add_cross_attention", .bool(true), "add_cross_attention"),
      ("tiny-gpt2", "n_embd", .integer(.max), "n_embd"),
      ("tiny-gpt2", "n_head", .integer(0), "n_head"),
      ("tiny-gpt2", "n_positions", .integer(95), "wpe"),
      ("tiny-gpt2", "n_inner", .integer(32), "c_fc"),
      ("tiny-gemma3", "hidden_activation", .string("silu"), "silu"),
      ("tiny-gemma3", "use_bidirectional_attention", .bool(true), "use_bidirectional_attention"),
      ("tiny-gemma3", "attn_logit_softcapping", .number(50), "attn_logit_softcapping"),
      ("tiny-gemma3", "final_logit_softcapping", .number(30), "final_logit_softcapping"),
      ("tiny-gemma3", "query_pre_attn_scalar", .integer(0), "query_pre_attn_scalar is 0"),
      ("tiny-gemma3", "query_pre_attn_scalar", .integer(.max), "query_pre_attn_scalar"),
      ("tiny-gemma3", "sliding_window", .integer(0), "sliding window"),
      ("tiny-gemma3", "sliding_window", .null, "window"),
      ("tiny-gemma3", "layer_types", .array([.string("full_attention")]), "layer_types"),
      ("tiny-gemma3", "layer_types", .array(Array(repeating: .string("x"), count: 4)), "type x"),
      ("tiny-gemma3", "num_hidden_layers", .integer(.max), "num_hidden_layers"),
      ("tiny-mistral", "sliding_window", .integer(-1), "sliding window"),
      ("tiny-mistral", "hidden_act", .string("gelu"), "gelu"),
      ("tiny-qwen3", "attention_bias", .bool(true), "q_proj.bias"),
      ("tiny-llama3", "attention_bias", .bool(true), "q_proj.bias"),
      ("tiny-llama-bias", "head_dim", .integer(6), "q_proj"),
    ] as [(String, String, JSONValue, String)]
  )
  func `a configuration that makes another model is refused with its fault`(
    _ kind: String,
    _ key: String,
    _ value: JSONValue,
    _ fault: String
  ) throws {
    let error = #expect(throws: ModelFileError.self) { try open(kind, [(key, value)]) }
    #expect(error?.description.contains(fault) == true, "\(String(describing: error))")
  }

  @Test func `a Mistral that says no window has none, and one that says nothing has the first's`()
    throws
  {
    let none = try open("tiny-mistral", [("sliding_window", .null)])
    #expect(none.metadata.traits.slidingWindow == nil)
    let silent = try open("tiny-mistral", [("sliding_window", nil)])
    #expect(silent.metadata.traits.slidingWindow == 4096)
  }

  @Test func `Gemma's older spelling is read as its newer one`() throws {
    let newer = try StoredModel.open(Vectors.path("tiny-gemma3")).metadata
    let older = try open(
      "tiny-gemma3",
      [
        ("rope_parameters", nil), ("layer_types", nil), ("rope_theta", .number(5000)),
        ("rope_local_base_freq", .number(300)), ("sliding_window_pattern", .integer(3)),
        (
          "rope_scaling",
          .object([JSONMember("rope_type", .string("linear")), JSONMember("factor", .number(8))])
        ),
      ]
    ).metadata
    #expect(older == newer)
  }

  @Test func `a GPT-2 whose names lack their beginning is the same model`() throws {
    let model = try StoredModel.open(Vectors.path("tiny-gpt2"))
    let folder = try TemporaryFolder()
    let path = try folder.copy("tiny-gpt2")
    var tensors: [(name: String, shape: [Int])] = []
    for name in model.weights.tensorNames {
      let short = String(name.dropFirst("transformer.".count))
      tensors.append((short, try #require(model.weights.shape(of: name))))
    }
    try SafetensorsWriter.write(tensors, to: path + "/model.safetensors") {
      name throws(ModelFileError) in try model.weights.values(of: "transformer." + name)
    }
    let short = try StoredModel.open(path)
    #expect(short.weights.tensorNames == model.weights.tensorNames)
    #expect(try WeightHash.sha256(of: short.weights) == WeightHash.sha256(of: model.weights))
  }

  @Test(arguments: ["llama3", "qwen2", "qwen3", "gpt2", "gemma3"])
  func `a GGUF file has the weights of the folder`(family: String) throws {
    let folder = try StoredModel.open(Vectors.path("tiny-\(family)"))
    let gguf = try StoredModel.open(Vectors.path("tiny-\(family)/model.gguf"))
    #expect(gguf.metadata.family == folder.metadata.family)
    #expect(gguf.metadata.widths == folder.metadata.widths)
    #expect(gguf.metadata.tiesEmbeddings == folder.metadata.tiesEmbeddings)
    #expect(gguf.weights.tensorNames == folder.weights.tensorNames)
    for name in folder.weights.tensorNames {
      #expect(gguf.weights.shape(of: name) == folder.weights.shape(of: name), "\(name)")
      let pairs = zip(try gguf.weights.values(of: name), try folder.weights.values(of: name))
      // Gemma's norms are kept plus 1, which costs their last digits.
      let distance: Float = family == "gemma3" && name.hasSuffix("norm.weight") ? 2e-7 : 0
      #expect(pairs.allSatisfy { abs($0 - $1) <= distance }, "\(name)")
    }
  }

  @Test func `Gemma's GGUF keys say the traits of the folder that they can say`() throws {
    var folder = try StoredModel.open(Vectors.path("tiny-gemma3")).metadata.traits
    let gguf = try StoredModel.open(Vectors.path("tiny-gemma3/model.gguf")).metadata.traits
    // What llama.cpp knows of all Gemmas is in no key.
    folder.localRotaryBase = 10_000
    folder.windowedLayers = [true, true, true, true]
    folder.attentionScale = nil
    #expect(gguf == folder)
  }

  @Test func `Llama 3's divisors are recognised and those of others kept`() {
    let released = RotaryScaling.llama3(
      factor: 32,
      lowFactor: 1,
      highFactor: 4,
      originalContext: 8192
    )
    let divisors = released.divisors(headWidth: 64, base: 500_000)
    #expect(divisors.first == 1 && divisors.last == 32)
    #expect(divisors.contains { $0 > 1 && $0 < 32 })
    let found = RotaryScaling(divisors: divisors, headWidth: 64, base: 500_000)
    #expect(found == released)
    let other = RotaryScaling(divisors: divisors.map { $0 + 1 }, headWidth: 64, base: 500_000)
    #expect(other == .divisors(divisors.map { $0 + 1 }))
  }
}
