/// The names a kind of checkpoint gives to a model's tensors.
package struct TensorNames: Sendable {
  /// The token embeddings.
  package var embedding: String
  /// The learned positions.
  package var positions: String
  /// What stands before the number of a layer.
  package var layers: String
  /// The modules within a layer.
  package var modules: [LayerModule: String]
  /// The norm before the head.
  package var finalNorm: String
  /// The language-model head where it is not the embedding.
  package var head: String

  /// The name of a tensor of a layer.
  package func layer(_ layer: Int, _ tensor: LayerTensor) -> String {
    let module = modules[tensor.module] ?? "\(tensor.module)"
    return "\(layers)\(layer).\(module).\(tensor.isBias ? "bias" : "weight")"
  }

  /// Llama's names in Hugging Face checkpoints, which most families took over.
  static let llama = TensorNames(
    embedding: "model.embed_tokens",
    positions: "",
    layers: "model.layers.",
    modules: [
      .inputNorm: "input_layernorm", .query: "self_attn.q_proj", .key: "self_attn.k_proj",
      .value: "self_attn.v_proj", .queryNorm: "self_attn.q_norm", .keyNorm: "self_attn.k_norm",
      .output: "self_attn.o_proj", .feedForwardNorm: "post_attention_layernorm",
      .gate: "mlp.gate_proj", .up: "mlp.up_proj", .down: "mlp.down_proj",
    ],
    finalNorm: "model.norm",
    head: "lm_head"
  )

  /// The names in GGUF files.
  static let gguf = TensorNames(
    embedding: "token_embd",
    positions: "position_embd",
    layers: "blk.",
    modules: [
      .inputNorm: "attn_norm", .queryKeyValue: "attn_qkv", .query: "attn_q", .key: "attn_k",
      .value: "attn_v", .queryNorm: "attn_q_norm", .keyNorm: "attn_k_norm",
      .output: "attn_output", .attentionOutputNorm: "post_attention_norm",
      .feedForwardNorm: "ffn_norm", .gate: "ffn_gate", .up: "ffn_up", .down: "ffn_down",
      .feedForwardOutputNorm: "post_ffw_norm",
    ],
    finalNorm: "output_norm",
    head: "output"
  )
}
