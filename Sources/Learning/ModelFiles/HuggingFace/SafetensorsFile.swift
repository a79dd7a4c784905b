package import JSON

/// A safetensors file, opened: where each tensor lies.
///
/// - Source: the format section of the safetensors README: a 64-bit little-endian header length, a
///   JSON header, then the data; offsets count from the data's beginning.
package struct SafetensorsFile: Sendable {
  /// The path the file was opened at.
  package var path: String { mapped.path }
  /// The free text metadata, in the file's order.
  package let metadata: [JSONMember]
  /// The tensors by name.
  let tensors: [String: StoredTensor]
  /// The element types, by tensor, that are not read; such tensors matter only when asked for.
  let unreadTypes: [String: String]
  /// The file's bytes.
  let mapped: MappedFile

  /// The longest header that is read; the reference refuses more, too.
  private static let headerMax = 100_000_000

  /// Opens a file and checks everything but the weights' values.
  package init(path: String) throws(ModelFileError) {
    mapped = try MappedFile(path: path)
    let bytes = mapped.bytes
    guard bytes.count >= 8 else {
      throw .malformed(file: path, detail: "it ends inside the header length")
    }
    let rawLength = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard let length = Int(exactly: rawLength), length <= Self.headerMax, length <= bytes.count - 8
    else {
      throw .malformed(
        file: path,
        detail: "its header of \(rawLength) bytes does not fit its \(bytes.count) bytes"
      )
    }
    let header = try JSONValue.parse(Array(bytes[8..<8 + length]), file: path)
    guard let members = header.members else {
      throw .malformed(file: path, detail: "its header is no JSON object")
    }
    var metadata: [JSONMember] = []
    var tensors: [String: StoredTensor] = [:]
    var unreadTypes: [String: String] = [:]
    for member in members {
      if member.name == "__metadata__" {
        metadata = member.value.members ?? []
        continue
      }
      guard tensors[member.name] == nil, unreadTypes[member.name] == nil else {
        throw .badTensor(file: path, tensor: member.name, detail: "it is listed twice")
      }
      guard let name = member.value["dtype"]?.text else {
        throw .badTensor(file: path, tensor: member.name, detail: "its dtype is missing")
      }
      if let type = Self.elementTypes[name] {
        tensors[member.name] = try Self.tensor(
          member,
          type,
          dataStart: 8 + length,
          file: path
        )
      } else {
        unreadTypes[member.name] = name
      }
    }
    try StoredTensor.checkPlacement(
      of: Array(tensors.values),
      within: 8 + length..<bytes.count,
      file: path
    )
    self.metadata = metadata
    self.tensors = tensors
    self.unreadTypes = unreadTypes
  }

  private static let elementTypes: [String: ElementType] = [
    "F32": .float32, "F16": .float16, "BF16": .bfloat16,
  ]

  private static func tensor(
    _ member: JSONMember,
    _ type: ElementType,
    dataStart: Int,
    file: String
  ) throws(ModelFileError) -> StoredTensor {
    let name = member.name
    guard let sizes = member.value["shape"]?.elements, sizes.count <= 8 else {
      throw .badTensor(file: file, tensor: name, detail: "its shape is missing or too deep")
    }
    var shape: [Int] = []
    for size in sizes {
      guard let size = size.whole, size >= 0 else {
        throw .badTensor(file: file, tensor: name, detail: "its shape is no list of sizes")
      }
      shape.append(size)
    }
    guard let offsets = member.value["data_offsets"]?.elements, offsets.count == 2,
      let begin = offsets[0].whole, let end = offsets[1].whole, begin >= 0, end >= begin
    else {
      throw .badTensor(file: file, tensor: name, detail: "its data_offsets are no range")
    }
    let (start, overflow) = begin.addingReportingOverflow(dataStart)
    guard !overflow else {
      throw .badTensor(file: file, tensor: name, detail: "its data_offsets are absurd")
    }
    let tensor = try StoredTensor(
      name: name,
      type: type,
      shape: shape,
      byteOffset: start,
      file: file
    )
    guard tensor.byteCount == end - begin else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "shape \(shape) takes \(tensor.byteCount) bytes, but its range has \(end - begin)"
      )
    }
    return tensor
  }
}

extension SafetensorsFile: WeightSource {
  /// The path of the file.
  package var file: String { path }

  /// Every readable tensor's name, sorted.
  package var tensorNames: [String] { tensors.keys.sorted() }

  /// The shape of a tensor; `nil` when there is none of that name that can be read.
  package func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  /// Decodes a tensor.
  package func read(
    _ name: String,
    into values: inout MutableSpan<Float>
  ) throws(ModelFileError) {
    guard let tensor = tensors[name] else {
      if let type = unreadTypes[name] {
        throw .badTensor(
          file: path,
          tensor: name,
          detail: "it is of type \(type); F32, F16 and BF16 are read"
        )
      }
      throw missing(name)
    }
    try tensor.read(from: mapped, into: &values)
  }
}
