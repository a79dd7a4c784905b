/// A GGUF file, version 2 or 3: its metadata, and where its tensors lie.
///
/// - Source: the GGUF specification in the ggml repository (`docs/gguf.md`).
package struct GGUFFile: Sendable {
  /// The path the file was opened at.
  package var path: String { mapped.path }
  /// The metadata by key.
  package let metadata: [String: GGUFValue]
  /// The tensors in the file's order, under the names of the file.
  let tensors: [StoredTensor]
  /// The file's bytes.
  let mapped: MappedFile

  /// Opens a file and checks everything but the weights' values.
  package init(path: String) throws(ModelFileError) {
    mapped = try MappedFile(path: path)
    var cursor = GGUFCursor(mapped)
    guard try cursor.integer(UInt32.self, "the magic number") == Self.magic else {
      throw .malformed(file: path, detail: "it does not begin with GGUF")
    }
    let version = try cursor.integer(UInt32.self, "the version")
    guard version == 2 || version == 3 else {
      throw .unsupported(
        file: path,
        detail: "GGUF version \(version); versions 2 and 3 are read, little-endian only"
      )
    }
    // A tensor entry takes at least a name length, a dimension count, a type and an offset; a
    // metadata entry at least a key length, a type and one byte.
    let tensorCount = try cursor.count(minimumSize: 24, "the number of tensors")
    let keyCount = try cursor.count(minimumSize: 13, "the number of metadata keys")
    metadata = try Self.readMetadata(&cursor, count: keyCount)
    tensors = try Self.readTensors(&cursor, count: tensorCount, metadata: metadata)
  }

  /// Tells whether a file begins as a GGUF file does.
  static func looksLikeGGUF(path: String) -> Bool {
    guard let file = try? MappedFile(path: path), file.bytes.count >= 4 else { return false }
    return UInt32(littleEndian: file.bytes.loadUnaligned(as: UInt32.self)) == magic
  }

  /// The letters GGUF as a little-endian number.
  private static let magic: UInt32 = 0x4655_4747

  private static func readMetadata(
    _ cursor: inout GGUFCursor,
    count: Int
  ) throws(ModelFileError) -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for index in 0..<count {
      let key = try cursor.string("metadata key \(index)")
      let type = try cursor.integer(UInt32.self, "the type of \(key)")
      let value = try cursor.value(type: type, key)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw .malformed(file: cursor.file, detail: "the key \(key) appears twice")
      }
    }
    return metadata
  }

  private static func readTensors(
    _ cursor: inout GGUFCursor,
    count: Int,
    metadata: [String: GGUFValue]
  ) throws(ModelFileError) -> [StoredTensor] {
    let alignment = try alignment(metadata, file: cursor.file)
    var tensors: [StoredTensor] = []
    var names: Set<String> = []
    for index in 0..<count {
      let tensor = try readTensor(&cursor, index: index, alignment: alignment)
      guard names.insert(tensor.storedName).inserted else {
        throw .badTensor(
          file: cursor.file,
          tensor: tensor.storedName,
          detail: "it is listed twice"
        )
      }
      tensors.append(tensor)
    }
    // The data begin at the next multiple of the alignment; offsets count from there.
    let (padded, overflow) = cursor.offset.addingReportingOverflow(alignment - 1)
    let start = overflow ? Int.max : padded / alignment * alignment
    for index in tensors.indices {
      let (offset, overflow) = tensors[index].byteOffset.addingReportingOverflow(start)
      guard !overflow else {
        throw .badTensor(
          file: cursor.file,
          tensor: tensors[index].storedName,
          detail: "its offset is absurd"
        )
      }
      tensors[index].byteOffset = offset
    }
    try StoredTensor.checkPlacement(
      of: tensors,
      within: 0..<cursor.bytes.count,
      file: cursor.file
    )
    return tensors
  }

  private static func alignment(
    _ metadata: [String: GGUFValue],
    file: String
  ) throws(ModelFileError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard let alignment = value.integer, alignment > 0, alignment <= 1 << 20,
      alignment & (alignment - 1) == 0
    else {
      throw .malformed(file: file, detail: "general.alignment is no power of two up to 1048576")
    }
    return alignment
  }

  private static func readTensor(
    _ cursor: inout GGUFCursor,
    index: Int,
    alignment: Int
  ) throws(ModelFileError) -> StoredTensor {
    let file = cursor.file
    let name = try cursor.string("the name of tensor \(index)")
    let dimensions = try cursor.integer(UInt32.self, "the dimensions of \(name)")
    guard (1...4).contains(dimensions) else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "it has \(dimensions) dimensions, not 1 to 4"
      )
    }
    // GGUF lists the innermost dimension first.
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let raw = try cursor.integer(UInt64.self, "the shape of \(name)")
      guard let size = Int(exactly: raw), size > 0 else {
        throw .badTensor(file: file, tensor: name, detail: "a dimension of \(raw) makes no sense")
      }
      shape.insert(size, at: 0)
    }
    let typeNumber = try cursor.integer(UInt32.self, "the type of \(name)")
    let rawOffset = try cursor.integer(UInt64.self, "the offset of \(name)")
    let type = try elementType(typeNumber, file: file, tensor: name)
    guard let offset = Int(exactly: rawOffset), offset % alignment == 0 else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "its offset \(rawOffset) is no multiple of the alignment \(alignment)"
      )
    }
    guard shape[shape.count - 1] % type.elementsPerBlock == 0 else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "rows of \(shape[shape.count - 1]) are no whole blocks of \(type.elementsPerBlock)"
      )
    }
    return try StoredTensor(name: name, type: type, shape: shape, byteOffset: offset, file: file)
  }

  private static func elementType(
    _ number: UInt32,
    file: String,
    tensor: String
  ) throws(ModelFileError) -> ElementType {
    if let known = ElementType.ggufTypes.first(where: { $0.number == number }) { return known.type }
    let names: [UInt32: String] = [
      9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
      19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16",
      26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
    let read = ElementType.ggufTypes.map(\.name).joined(separator: ", ")
    throw .unsupported(
      file: file,
      detail: "tensor \(tensor) is of type \(names[number] ?? "number \(number)"); \(read) are read"
    )
  }
}
