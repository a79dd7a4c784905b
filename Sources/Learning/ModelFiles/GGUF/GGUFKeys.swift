/// Looks up typed metadata of one architecture in a GGUF file.
struct GGUFKeys: Sendable {
  let gguf: GGUFFile
  let prefix: String

  func integer(_ key: String, default fallback: Int? = nil) throws(ModelFileError) -> Int {
    guard let value = try optionalInteger(key) ?? fallback else {
      throw .malformed(file: gguf.path, detail: "the key \(prefix).\(key) is missing")
    }
    return value
  }

  func optionalInteger(_ key: String) throws(ModelFileError) -> Int? {
    guard let value = gguf.metadata["\(prefix).\(key)"] else { return nil }
    guard let integer = value.integer else {
      throw .malformed(file: gguf.path, detail: "\(prefix).\(key) is no single integer")
    }
    return integer
  }

  func number(_ key: String, default fallback: Double? = nil) throws(ModelFileError) -> Double {
    guard let value = gguf.metadata["\(prefix).\(key)"] else {
      if let fallback { return fallback }
      throw .malformed(file: gguf.path, detail: "the key \(prefix).\(key) is missing")
    }
    guard let number = value.number else {
      throw .malformed(file: gguf.path, detail: "\(prefix).\(key) is no number")
    }
    return number
  }

  func text(_ key: String) -> String? {
    guard case .string(let text)? = gguf.metadata["\(prefix).\(key)"] else { return nil }
    return text
  }

  /// A token id under a key that has no architecture in front.
  func tokenID(_ key: String) throws(ModelFileError) -> Int32? {
    guard let value = gguf.metadata[key] else { return nil }
    guard let id = value.integer.flatMap(Int32.init(exactly:)) else {
      throw .malformed(file: gguf.path, detail: "\(key) is no token id")
    }
    return id
  }
}
