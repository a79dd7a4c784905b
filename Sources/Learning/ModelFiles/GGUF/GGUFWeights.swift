/// The weights of a Llama GGUF file under Hugging Face names and layout.
struct GGUFWeights: WeightSource {
  /// The tensors by their Hugging Face names.
  private let tensors: [String: StoredTensor]
  /// The file's bytes.
  private let mapped: MappedFile
  /// Every tensor's Hugging Face name, sorted.
  let tensorNames: [String]

  var file: String { mapped.path }

  /// Maps the names of the file; a tensor without a counterpart is refused, because leaving it out
  /// would silently make another model.
  init(_ gguf: GGUFFile, metadata: ModelMetadata) throws(ModelFileError) {
    var tensors: [String: StoredTensor] = [:]
    for var tensor in gguf.tensors {
      guard let name = Self.huggingFaceName(tensor.storedName) else {
        throw .unsupported(
          file: gguf.path,
          detail:
            "tensor \(tensor.storedName) has no counterpart in the \(metadata.architecture) family"
        )
      }
      // The converter interleaves the rows of Q and K for llama (rotary pairs (0,1), (2,3), …).
      if tensor.storedName.hasSuffix(".attn_q.weight") {
        tensor.interleavedHeads = metadata.headCount
      } else if tensor.storedName.hasSuffix(".attn_k.weight") {
        tensor.interleavedHeads = metadata.keyValueHeadCount
      }
      if let heads = tensor.interleavedHeads, tensor.shape[0] % (2 * heads) != 0 {
        throw .badTensor(
          file: gguf.path,
          tensor: tensor.storedName,
          detail: "its \(tensor.shape[0]) rows are not divisible into \(heads) heads of even width"
        )
      }
      tensors[name] = tensor
    }
    self.tensors = tensors
    tensorNames = tensors.keys.sorted()
    mapped = gguf.mapped
  }

  func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  func read(_ name: String, into values: inout MutableSpan<Float>) throws(ModelFileError) {
    guard let tensor = tensors[name] else { throw missing(name) }
    try tensor.read(from: mapped, into: &values)
  }

  /// The Hugging Face name of a GGUF tensor, such as `blk.3.attn_q.weight`.
  static func huggingFaceName(_ name: String) -> String? {
    let global = [
      "token_embd.weight": "model.embed_tokens.weight",
      "output_norm.weight": "model.norm.weight",
      "output.weight": "lm_head.weight",
    ]
    if let mapped = global[name] { return mapped }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "blk", parts[3] == "weight",
      let layer = Int(parts[1]), String(layer) == parts[1], layer >= 0
    else { return nil }
    let inLayer = [
      "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
      "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
      "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
      "ffn_down": "mlp.down_proj",
    ]
    return inLayer[String(parts[2])].map { "model.layers.\(layer).\($0).weight" }
  }
}
