/// Builds GGUF files byte by byte, right or wrong as a test needs them.
struct GGUFBuilder {
  struct Tensor {
    var name: String
    /// Innermost dimension first, as in the file.
    var dimensions: [UInt64]
    var type: UInt32
    var offset: UInt64
  }

  var magic: [UInt8] = Array("GGUF".utf8)
  var version: UInt32 = 3
  var keyCount: UInt64?
  var tensorCount: UInt64?
  var tensors: [Tensor] = []
  var data: [UInt8] = []
  private var keys: [[UInt8]] = []

  mutating func add(_ key: String, string value: String) {
    keys.append(text(key) + little(UInt32(8)) + text(value))
  }

  mutating func add(_ key: String, unsigned value: UInt32) {
    keys.append(text(key) + little(UInt32(4)) + little(value))
  }

  mutating func add(_ key: String, float value: Float) {
    keys.append(text(key) + little(UInt32(6)) + little(value.bitPattern))
  }

  /// Adds a key whose type number and value bytes are given raw.
  mutating func add(_ key: String, type: UInt32, raw: [UInt8]) {
    keys.append(text(key) + little(type) + raw)
  }

  /// Adds a tensor with its data, aligned as the format asks.
  mutating func add(_ name: String, dimensions: [UInt64], type: UInt32, bytes: [UInt8]) {
    while data.count % 32 != 0 { data.append(0) }
    tensors.append(
      Tensor(name: name, dimensions: dimensions, type: type, offset: UInt64(data.count))
    )
    data += bytes
  }

  /// Adds an F32 tensor; the shape is outermost first.
  mutating func add(_ name: String, shape: [Int], value: Float = 0.5) {
    let count = shape.reduce(1, *)
    let bytes = (0..<count).flatMap { _ in little(value.bitPattern) }
    add(name, dimensions: shape.reversed().map(UInt64.init), type: 0, bytes: bytes)
  }

  func bytes() -> [UInt8] {
    var file = magic + little(version) + little(tensorCount ?? UInt64(tensors.count))
    file += little(keyCount ?? UInt64(keys.count))
    for key in keys { file += key }
    for tensor in tensors {
      file += text(tensor.name) + little(UInt32(tensor.dimensions.count))
      for dimension in tensor.dimensions { file += little(dimension) }
      file += little(tensor.type) + little(tensor.offset)
    }
    while file.count % 32 != 0 { file.append(0) }
    return file + data
  }

  func text(_ value: String) -> [UInt8] { little(UInt64(value.utf8.count)) + Array(value.utf8) }

  func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// A whole model of one layer, width 8, two heads of 4, one key-value head, 16 tokens.
  static func model(architecture: String = "llama") -> GGUFBuilder {
    var builder = GGUFBuilder()
    builder.add("general.architecture", string: architecture)
    builder.add("\(architecture).block_count", unsigned: 1)
    builder.add("\(architecture).context_length", unsigned: 64)
    builder.add("\(architecture).embedding_length", unsigned: 8)
    builder.add("\(architecture).feed_forward_length", unsigned: 12)
    builder.add("\(architecture).attention.head_count", unsigned: 2)
    builder.add("\(architecture).attention.head_count_kv", unsigned: 1)
    builder.add("\(architecture).attention.layer_norm_rms_epsilon", float: 1e-5)
    builder.add("token_embd.weight", shape: [16, 8])
    builder.add("output_norm.weight", shape: [8])
    builder.add("blk.0.attn_norm.weight", shape: [8])
    builder.add("blk.0.attn_q.weight", shape: [8, 8])
    builder.add("blk.0.attn_k.weight", shape: [4, 8])
    builder.add("blk.0.attn_v.weight", shape: [4, 8])
    builder.add("blk.0.attn_output.weight", shape: [8, 8])
    builder.add("blk.0.ffn_norm.weight", shape: [8])
    builder.add("blk.0.ffn_gate.weight", shape: [12, 8])
    builder.add("blk.0.ffn_up.weight", shape: [12, 8])
    builder.add("blk.0.ffn_down.weight", shape: [8, 12])
    return builder
  }
}
