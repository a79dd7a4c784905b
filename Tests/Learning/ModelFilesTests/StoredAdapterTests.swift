import Foundation
import JSON
import ModelFiles
import Testing

@Suite struct StoredAdapterTests {
  private func adapter() throws -> StoredAdapter {
    try StoredAdapter.read(from: Vectors.path("tiny-llama-reward"))
  }

  /// Changes one field of a copied adapter's configuration and reads it.
  private func read(_ key: String, _ value: JSONValue) throws -> StoredAdapter {
    let folder = try TemporaryFolder()
    let path = try folder.copy("tiny-llama-reward")
    var members = try #require(try JSONValue.read(path: path + "/adapter_config.json").members)
    members.removeAll { $0.name == key }
    members.append(JSONMember(key, value))
    try AtomicFile.write(JSONValue.object(members).line, to: path + "/adapter_config.json")
    return try StoredAdapter.read(from: path)
  }

  @Test func `a language-model adapter of the peft library is read`() throws {
    let adapter = try StoredAdapter.read(from: Vectors.path("tiny-llama-lora"))
    #expect(adapter.description.task == .causalLanguageModel)
    #expect(adapter.description.rank == 4)
    #expect(adapter.description.scale == 1.5)
    #expect(adapter.description.layers == nil)
    #expect(
      adapter.description.targetModules == [
        "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj",
      ]
    )
    #expect(adapter.tensors.count == 3 * 7 * 2)
    let key = StoredAdapter.key(layer: 2, module: "mlp.down_proj", matrix: "B")
    #expect(adapter[key]?.shape == [32, 4])
  }

  @Test func `a scoring adapter of the peft library is read with its head`() throws {
    let adapter = try adapter()
    #expect(adapter.description.task == .sequenceClassification)
    #expect(adapter.description.layers == [1, 2])
    #expect(adapter.description.targetModules == ["q_proj", "v_proj"])
    #expect(adapter.description.baseModel == "tiny-llama-untied")
    #expect(adapter[StoredAdapter.scoreName]?.shape == [1, 32])
    #expect(adapter.tensors.count == 2 * 2 * 2 + 1)
  }

  @Test(arguments: ["tiny-llama-lora", "tiny-llama-reward"])
  func `what is written is read back, and twice gives the same bytes`(_ kind: String) throws {
    let adapter = try StoredAdapter.read(from: Vectors.path(kind))
    let folder = try TemporaryFolder()
    try adapter.write(to: folder.path + "/1")
    try adapter.write(to: folder.path + "/2")
    #expect(try StoredAdapter.read(from: folder.path + "/1") == adapter)
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
      let contents = FileManager.default.contents
      #expect(contents(folder.path + "/1/" + file) == contents(folder.path + "/2/" + file))
    }
  }

  @Test func `the rank-stabilised scale is alpha over the root of the rank`() throws {
    let adapter = try read("use_rslora", .bool(true))
    #expect(adapter.description.scale == 4 / 2.0.squareRoot())
  }

  @Test(
    arguments: [
      ("peft_type", JSONValue.string("IA3"), "IA3"),
      ("use_dora", .bool(true), "use_dora"),
      ("use_something_new", .bool(true), "use_something_new"),
      ("alora_invocation_tokens", .array([.integer(1)]), "alora_invocation_tokens"),
      ("lora_bias", .bool(true), "lora_bias"),
      ("bias", .string("all"), "bias"),
      ("rank_pattern", .object([JSONMember("q_proj", .integer(3))]), "rank 3"),
      ("rank_pattern", .object([JSONMember("q_proj", .integer(0))]), "rank 0"),
      ("rank_pattern", .object([JSONMember("q_proj", .integer(1 << 40))]), "rank 1099511627776"),
      ("rank_pattern", .object([JSONMember("q_proj", .string("2"))]), "rank_pattern q_proj"),
      ("rank_pattern", .object([JSONMember("q_(proj", .integer(2))]), "the pattern q_(proj"),
      ("alpha_pattern", .object([JSONMember("q_proj", .null)]), "alpha_pattern q_proj"),
      ("modules_to_save", .array([.string("embed_tokens")]), "embed_tokens"),
      ("modules_to_save", .array([.string("score"), .string("lm_head")]), "lm_head"),
      ("layer_replication", .array([]), "layer_replication"),
      ("task_type", .string("TOKEN_CLS"), "TOKEN_CLS"),
      ("task_type", .string("CAUSAL_LM"), "scoring head"),
      ("r", .integer(3), "rank 3"),
      ("r", .integer(0), "r or lora_alpha"),
      ("r", .integer(-2), "r or lora_alpha"),
      ("lora_alpha", .null, "r or lora_alpha"),
    ] as [(String, JSONValue, String)]
  )
  func `another kind of adapter is refused with its fault`(
    _ key: String,
    _ value: JSONValue,
    _ fault: String
  ) throws {
    let error = #expect(throws: ModelFileError.self) { try read(key, value) }
    #expect(error?.description.contains(fault) == true, "\(String(describing: error))")
  }

  @Test func `half a pair is refused by the name of the other half`() throws {
    var adapter = try adapter()
    let key = StoredAdapter.key(layer: 1, module: "self_attn.q_proj", matrix: "B")
    adapter.tensors.removeAll { $0.name == key }
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelFileError.self) { try adapter.write(to: folder.path + "/x") }
    #expect(error?.description.contains(key) == true)
    #expect(try folder.names() == [])
  }

  @Test func `a scoring adapter without its head is refused`() throws {
    var adapter = try adapter()
    adapter.tensors.removeAll { $0.name == StoredAdapter.scoreName }
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelFileError.self) { try adapter.write(to: folder.path) }
    #expect(error?.description.contains("score.weight") == true)
  }

  /// What `make_adapters.py` wrote beside an adapter: what each map adds to a probe.
  private struct Deltas: Decodable {
    var deltas: [String: [Double]]
  }

  @Test(arguments: ["patterns", "rank-stabilised", "rank-stabilised-patterns", "fan-in-fan-out"])
  func `patterns of ranks and scales add what they add in the peft library`(
    _ name: String
  ) throws {
    let folder = "adapters/" + name
    let adapter = try StoredAdapter.read(from: Vectors.path(folder))
    let data = Data(try Vectors.bytes(folder + "/deltas.json"))
    let goldens = try JSONDecoder().decode(Deltas.self, from: data).deltas
    #expect(goldens.count * 2 == adapter.tensors.count)
    let rank = adapter.description.rank
    for (map, expected) in goldens {
      let prefix = "base_model.model.\(map).lora_"
      let a = try #require(adapter[prefix + "A.weight"])
      let b = try #require(adapter[prefix + "B.weight"])
      #expect(a.shape[0] == rank && b.shape[1] == rank)
      let width = a.shape[1]
      let inner = (0..<rank).map { row in
        (0..<width).reduce(0) { $0 + Double(a.values[row * width + $1]) * sin(Double($1 + 1)) }
      }
      for (row, value) in expected.enumerated() {
        let sum = (0..<rank).reduce(0) { $0 + Double(b.values[row * rank + $1]) * inner[$1] }
        #expect(abs(sum * adapter.description.scale - value) < 1e-5, "\(map), row \(row)")
      }
    }
  }

  @Test func `a pickled adapter is refused with what to do`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.copy("tiny-llama-reward")
    let weights = path + "/adapter_model.safetensors"
    try FileManager.default.moveItem(atPath: weights, toPath: path + "/adapter_model.bin")
    let error = #expect(throws: ModelFileError.self) { try StoredAdapter.read(from: path) }
    #expect(error?.description.contains("safetensors") == true)
  }
}
