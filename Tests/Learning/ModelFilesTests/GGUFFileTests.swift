import Foundation
import ModelFiles
import Testing

@Suite struct GGUFFileTests {
  /// The error that opening a file gives.
  private func failure(_ bytes: [UInt8]) throws -> ModelFileError {
    let folder = try TemporaryFolder()
    let path = try folder.write("case.gguf", bytes)
    return try #require(throws: ModelFileError.self) {
      let model = try StoredModel.open(path)
      for name in model.weights.tensorNames { _ = try model.weights.values(of: name) }
    }
  }

  @Test func `a file of llama.cpp's layout gives the Hugging Face model, bit for bit`() throws {
    let gguf = try StoredModel.open(Vectors.path("tiny-llama-tied/model.gguf"))
    let folder = try StoredModel.open(Vectors.path("tiny-llama-tied"))
    var expected = folder.metadata
    // Binary32 in the file; GGUF has a name and lists no padding token here.
    expected.normEpsilon = Double(Float(1e-5))
    expected.name = "tiny"
    expected.padTokenID = nil
    #expect(gguf.metadata == expected)
    #expect(gguf.weights.tensorNames == folder.weights.tensorNames)
    for name in folder.weights.tensorNames {
      #expect(gguf.weights.shape(of: name) == folder.weights.shape(of: name))
      #expect(try gguf.weights.values(of: name) == folder.weights.values(of: name), "\(name)")
    }
  }

  @Test func `a whole small model opens`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("model.gguf", GGUFBuilder.model().bytes())
    let model = try StoredModel.open(path)
    #expect(model.metadata.headWidth == 4)
    #expect(model.metadata.ropeTheta == 10_000)
    #expect(model.metadata.tiesEmbeddings)
    #expect(try model.weights.values(of: "model.norm.weight") == Array(repeating: 0.5, count: 8))
  }

  @Test func `a file cut anywhere is refused`() throws {
    let folder = try TemporaryFolder()
    for bytes in [GGUFBuilder.model().bytes(), try Vectors.bytes("tiny-llama-tied/model.gguf")] {
      let path = try folder.write("cut.gguf", bytes)
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      // Every byte of the header, some of the data, and the last; the file only ever shrinks.
      let data = stride(from: 3200, to: bytes.count, by: 1009)
      for count in Set(Array(0..<min(bytes.count, 3200)) + data + [bytes.count - 1]).sorted(by: >) {
        try file.truncate(atOffset: UInt64(count))
        #expect(throws: ModelFileError.self, "cut at \(count)") { try StoredModel.open(path) }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `damaged headers throw or open, and never trap`(_ seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var generator = SplitMix(state: seed)
    let original = GGUFBuilder.model().bytes()
    let interesting: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]
    for _ in 0..<700 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        let place = Int.random(in: 0..<1100, using: &generator)
        bytes[place] = interesting.randomElement(using: &generator) ?? 0
      }
      let path = try folder.write("damaged.gguf", bytes)
      guard let model = try? StoredModel.open(path) else { continue }
      for name in model.weights.tensorNames { _ = try? model.weights.values(of: name) }
    }
  }

  @Test func `another kind of file is refused`() throws {
    var builder = GGUFBuilder.model()
    builder.magic = Array("GGML".utf8)
    #expect(try failure(builder.bytes()).description.contains("does not begin with GGUF"))
  }

  @Test(arguments: [0, 1, 4, 0x0300_0000] as [UInt32])
  func `other versions are refused by number`(_ version: UInt32) throws {
    var builder = GGUFBuilder.model()
    builder.version = version
    #expect(try failure(builder.bytes()).description.contains("version \(version)"))
  }

  @Test(arguments: [1 << 20, 1 << 62, .max] as [UInt64])
  func `absurd counts are refused before anything is allocated`(_ count: UInt64) throws {
    var builder = GGUFBuilder.model()
    builder.tensorCount = count
    #expect(try failure(builder.bytes()).description.contains("the number of tensors"))
    builder.tensorCount = nil
    builder.keyCount = count
    #expect(try failure(builder.bytes()).description.contains("the number of metadata keys"))
    builder.keyCount = nil
    builder.add("x", type: 9, raw: builder.little(UInt32(4)) + builder.little(count))
    #expect(try failure(builder.bytes()).description.contains("elements of x"))
  }

  @Test(
    arguments: [
      (10, "Q2_K"), (15, "Q8_K"), (20, "IQ4_NL"), (4, "number 4"), (99, "number 99"),
    ] as [(UInt32, String)]
  )
  func `other element types are refused by name`(_ type: UInt32, _ name: String) throws {
    var builder = GGUFBuilder.model()
    builder.tensors[3].type = type
    let error = try failure(builder.bytes())
    #expect(error.description.contains(name))
    #expect(error.description.contains("blk.0.attn_q.weight"))
    #expect(error.description.contains("Q4_1"))
  }

  @Test(
    arguments: [
      [], [0, 8], [1 << 63, 8], [.max, 8], [1 << 32, 1 << 32], [8, 1 << 61], [1, 1, 1, 1, 1],
      [8, 9],
    ] as [[UInt64]]
  )
  func `shapes that make no sense are refused by tensor`(_ dimensions: [UInt64]) throws {
    var builder = GGUFBuilder.model()
    builder.tensors[3].dimensions = dimensions
    let error = try failure(builder.bytes())
    #expect(
      error.description.contains("attn_q") || error.description.contains("q_proj")
        || error.description.contains("attn_k"),
      "\(error)"
    )
  }

  @Test(arguments: [1, 31, 1 << 20, UInt64.max, UInt64(Int.max) - 31] as [UInt64])
  func `wrong offsets are refused by tensor`(_ offset: UInt64) throws {
    var builder = GGUFBuilder.model()
    builder.tensors[5].offset = offset
    #expect(try failure(builder.bytes()).description.contains("blk.0.attn_v.weight"))
  }

  @Test func `tensors over each other are refused`() throws {
    var builder = GGUFBuilder.model()
    builder.tensors[5].offset = builder.tensors[3].offset
    #expect(try failure(builder.bytes()).description.contains("lies over"))
  }

  @Test func `a tensor listed twice is refused`() throws {
    var builder = GGUFBuilder.model()
    builder.add("output_norm.weight", shape: [8])
    #expect(try failure(builder.bytes()).description.contains("twice"))
  }

  @Test func `a key listed twice is refused`() throws {
    var builder = GGUFBuilder.model()
    builder.add("llama.block_count", unsigned: 1)
    #expect(try failure(builder.bytes()).description.contains("appears twice"))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a weight that is not finite is refused by file and tensor`(_ value: Float) throws {
    var builder = GGUFBuilder.model()
    let start = Int(builder.tensors[8].offset)
    for (index, byte) in builder.little(value.bitPattern).enumerated() {
      builder.data[start + 20 + index] = byte
    }
    let text = try failure(builder.bytes()).description
    #expect(text.contains("case.gguf"))
    #expect(text.contains("blk.0.ffn_gate.weight"))
    #expect(text.contains("not finite"))
  }

  @Test func `another architecture is refused with the list of those that are read`() throws {
    let text = try failure(GGUFBuilder.model(architecture: "mamba").bytes()).description
    #expect(text.contains("mamba"))
    #expect(text.contains("supported architectures: llama"))
  }

  @Test(arguments: 0..<11)
  func `a missing tensor is refused by name`(_ index: Int) throws {
    var builder = GGUFBuilder.model()
    builder.tensors.remove(at: index)
    #expect(try failure(builder.bytes()).description.contains("weight"))
  }

  @Test func `a tensor without a counterpart is refused by name`() throws {
    var builder = GGUFBuilder.model()
    builder.add("blk.0.attn_sinks.weight", shape: [2])
    #expect(try failure(builder.bytes()).description.contains("blk.0.attn_sinks.weight"))
  }

  @Test func `rotary scaling of a kind that is not read is refused by name`() throws {
    var builder = GGUFBuilder.model()
    builder.add("llama.rope.scaling.type", string: "yarn")
    #expect(try failure(builder.bytes()).description.contains("yarn"))
  }

  @Test func `linear rotary scaling is read`() throws {
    var builder = GGUFBuilder.model()
    builder.add("llama.rope.scaling.type", string: "linear")
    builder.add("llama.rope.scaling.factor", float: 4)
    let folder = try TemporaryFolder()
    let model = try StoredModel.open(try folder.write("model.gguf", builder.bytes()))
    #expect(model.metadata.traits.rotaryScaling == .linear(factor: 4))
  }

  @Test func `rotary divisors of its own make a model that cannot be written`() throws {
    var builder = GGUFBuilder.model()
    builder.add("rope_freqs.weight", shape: [2], value: 3)
    let folder = try TemporaryFolder()
    let model = try StoredModel.open(try folder.write("model.gguf", builder.bytes()))
    #expect(model.metadata.traits.rotaryScaling == .divisors([3, 3]))
    let error = #expect(throws: ModelFileError.self) {
      try ModelFolder.write(to: folder.path + "/merged", metadata: model.metadata) {
        name throws(ModelFileError) in try model.weights.values(of: name)
      }
    }
    #expect(error?.description.contains("rotary divisors") == true)
  }

  @Test func `text that is not UTF-8 is refused`() throws {
    var builder = GGUFBuilder.model()
    builder.add("x", type: 8, raw: builder.little(UInt64(2)) + [0xC3, 0x28])
    #expect(try failure(builder.bytes()).description.contains("not UTF-8"))
  }

  @Test func `an array of arrays is refused`() throws {
    var builder = GGUFBuilder.model()
    builder.add("x", type: 9, raw: builder.little(UInt32(9)) + builder.little(UInt64(0)))
    #expect(try failure(builder.bytes()).description.contains("array of arrays"))
  }

  @Test func `a missing file is refused by path`() {
    let error = #expect(throws: ModelFileError.self) { try StoredModel.open("/nowhere/x.gguf") }
    #expect(error?.description.contains("/nowhere/x.gguf") == true)
  }

  @Test(
    .enabled(
      if: Vectors.smollm2 != nil,
      "set MORLAIF_TEST_MODEL to the SmolLM2 GGUF to read the real model"
    )
  )
  func `SmolLM2 is read whole within seconds`() throws {
    let start = ContinuousClock.now
    let model = try StoredModel.open(try #require(Vectors.smollm2))
    var count = 0
    for name in model.weights.tensorNames { count += try model.weights.values(of: name).count }
    #expect(count == 134_515_008)
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
