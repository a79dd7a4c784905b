internal import JSON

/// The weights of a Hugging Face folder: one safetensors file, or shards with an index.
struct HuggingFaceWeights: WeightSource {
  let file: String
  let tensorNames: [String]
  /// The file of each tensor.
  private let shards: [String: SafetensorsFile]

  /// Opens the folder's files.
  init(folder: String) throws(ModelFileError) {
    file = folder
    let single = folder + "/model.safetensors"
    let index = folder + "/model.safetensors.index.json"
    if MappedFile.exists(single) {
      let opened = try SafetensorsFile(path: single)
      let names = Array(opened.tensors.keys) + opened.unreadTypes.keys
      shards = Dictionary(uniqueKeysWithValues: names.map { ($0, opened) })
    } else if let json = try JSONValue.readIfPresent(path: index) {
      shards = try Self.shards(json, folder: folder, index: index)
    } else {
      throw .unreadable(
        file: folder,
        reason: "it has neither model.safetensors nor model.safetensors.index.json"
      )
    }
    tensorNames = shards.keys.sorted()
  }

  private static func shards(
    _ json: JSONValue,
    folder: String,
    index: String
  ) throws(ModelFileError) -> [String: SafetensorsFile] {
    guard let map = json["weight_map"]?.members else {
      throw .malformed(file: index, detail: "its weight_map is missing")
    }
    var files: [String: SafetensorsFile] = [:]
    var shards: [String: SafetensorsFile] = [:]
    for member in map {
      // Only files beside the index: a name with a path could reach anywhere.
      guard let name = member.value.text, !name.isEmpty, !name.contains("/"), name != ".." else {
        throw .malformed(file: index, detail: "tensor \(member.name) names no file of the folder")
      }
      let opened: SafetensorsFile
      if let known = files[name] {
        opened = known
      } else {
        opened = try SafetensorsFile(path: folder + "/" + name)
        files[name] = opened
      }
      guard opened.tensors[member.name] != nil || opened.unreadTypes[member.name] != nil else {
        throw .badTensor(
          file: opened.path,
          tensor: member.name,
          detail: "the index says it is here, but it is not"
        )
      }
      shards[member.name] = opened
    }
    return shards
  }

  func shape(of name: String) -> [Int]? { shards[name]?.shape(of: name) }

  func read(_ name: String, into values: inout MutableSpan<Float>) throws(ModelFileError) {
    guard let shard = shards[name] else { throw missing(name) }
    try shard.read(name, into: &values)
  }
}
