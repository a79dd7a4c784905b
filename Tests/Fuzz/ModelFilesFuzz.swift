import Glibc
import JSON
import ModelFiles

/// The folder that `run` gives for files; they are replaced from input to input.
private let folder = getenv("MORLAIF_FUZZ_FILES").map { String(cString: $0) } ?? "/tmp"

private func write(_ name: String, _ bytes: some Collection<UInt8>) -> String {
  let path = folder + "/" + name
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(descriptor >= 0, "cannot write \(path)")
  let array = Array(bytes)
  precondition(Glibc.write(descriptor, array, array.count) == array.count)
  close(descriptor)
  return path
}

/// Reads every tensor: what is not refused has as many finite values as its shape says.
private func readAll(_ weights: any WeightSource) {
  for name in weights.tensorNames {
    guard let values = try? weights.values(of: name) else { continue }
    precondition(values.count == weights.shape(of: name)?.reduce(1, *))
    precondition(values.allSatisfy(\.isFinite))
  }
}

/// The configuration of a model with one layer of width 8, two heads and 16 tokens.
private let configuration = """
  {"model_type":"llama","hidden_size":8,"num_attention_heads":2,"num_key_value_heads":1,
  "num_hidden_layers":1,"intermediate_size":12,"vocab_size":16,"tie_word_embeddings":true,
  "rms_norm_eps":1e-5}
  """

/// Any bytes as a model's file are read or refused; nothing traps, and what is read is finite.
///
/// The first byte says what the rest is; a NUL may cut it into two files.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzModelFiles(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count > 1 else { return 0 }
  let bytes = UnsafeBufferPointer(start: data + 1, count: count - 1)
  let cut = bytes.firstIndex(of: 0) ?? bytes.count
  switch data[0] % 5 {
  case 0:
    let path = write("model.gguf", bytes)
    if let file = try? GGUFFile(path: path) { readAll(file) }
    if let model = try? StoredModel.open(path) { readAll(model.weights) }
  case 1:
    if let file = try? SafetensorsFile(path: write("one.safetensors", bytes)) { readAll(file) }
  case 2:
    unlink(folder + "/model.safetensors.index.json")
    _ = write("config.json", configuration.utf8)
    _ = write("model.safetensors", bytes)
    if let model = try? StoredModel.open(folder) { readAll(model.weights) }
  case 3:
    unlink(folder + "/model.safetensors")
    _ = write("config.json", bytes[..<cut])
    _ = write("model.safetensors.index.json", bytes[cut...].dropFirst())
    if let model = try? StoredModel.open(folder) { readAll(model.weights) }
  default:
    _ = write("adapter_config.json", bytes[..<cut])
    _ = write("adapter_model.safetensors", bytes[cut...].dropFirst())
    if let adapter = try? StoredAdapter.read(from: folder) {
      precondition(adapter.tensors.allSatisfy { $0.values.count == $0.shape.reduce(1, *) })
    }
  }
  return 0
}
