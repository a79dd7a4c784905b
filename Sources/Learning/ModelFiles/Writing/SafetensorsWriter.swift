internal import JSON

/// Writes safetensors files: F32, sorted by name, so that equal weights give equal bytes.
package enum SafetensorsWriter {
  /// Writes tensors that are in memory.
  ///
  /// - Parameters:
  ///   - tensors: the tensors, in any order.
  ///   - path: the file, replaced atomically.
  ///   - metadata: free texts; `format: pt`, which `transformers` asks for, is added.
  /// - Throws: `ModelFileError.badTensor` for a repeated name, a shape that does not fit the values
  ///   or a value that is not finite; `unwritable` when the system refuses.
  package static func write(
    _ tensors: [NamedTensor],
    to path: String,
    metadata: [String: String] = [:]
  ) throws(ModelFileError) {
    var byName: [String: NamedTensor] = [:]
    for tensor in tensors {
      guard byName.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .badTensor(file: path, tensor: tensor.name, detail: "it is given twice")
      }
    }
    try write(
      tensors.map { ($0.name, $0.shape) },
      to: path,
      metadata: metadata
    ) { name throws(ModelFileError) in byName[name]?.values ?? [] }
  }

  /// Writes tensors one at a time, so that a big model is never in memory twice.
  ///
  /// - Parameters:
  ///   - entries: names and shapes, in any order; names must differ.
  ///   - path: the file, replaced atomically.
  ///   - metadata: free texts; `format: pt` is added.
  ///   - values: gives a tensor's elements; called once for each name, in sorted order.
  /// - Throws: as above, and what `values` throws.
  package static func write(
    _ entries: [(name: String, shape: [Int])],
    to path: String,
    metadata: [String: String] = [:],
    values: (String) throws(ModelFileError) -> [Float]
  ) throws(ModelFileError) {
    let sorted = entries.sorted { $0.name < $1.name }
    let (header, counts) = try header(sorted, metadata, file: path)
    let file = try AtomicFile(path: path)
    let length = UInt64(header.utf8.count).littleEndian
    try withUnsafeBytes(of: length) { (bytes) throws(ModelFileError) in try file.write(bytes) }
    try file.write(header)
    for (index, entry) in sorted.enumerated() {
      let elements = try values(entry.name)
      try check(elements, entry.name, count: counts[index], file: path)
      try write(elements, to: file)
    }
    try file.commit()
  }

  private static func write(
    _ elements: [Float],
    to file: borrowing AtomicFile
  ) throws(ModelFileError) {
    if UInt32(1).littleEndian == 1 {
      try elements.withUnsafeBufferPointer { (floats) throws(ModelFileError) in
        try file.write(UnsafeRawBufferPointer(floats))
      }
    } else {
      let words = elements.map(\.bitPattern.littleEndian)
      try words.withUnsafeBufferPointer { (words) throws(ModelFileError) in
        try file.write(UnsafeRawBufferPointer(words))
      }
    }
  }

  private static func check(
    _ elements: [Float],
    _ name: String,
    count: Int,
    file: String
  ) throws(ModelFileError) {
    guard elements.count == count else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "its shape asks for \(count) values, not \(elements.count)"
      )
    }
    let isFinite = elements.withUnsafeBufferPointer { values in
      values.baseAddress.map { ElementDecoder.isFinite($0, values.count) } ?? true
    }
    guard isFinite else {
      throw .badTensor(
        file: file,
        tensor: name,
        detail: "it holds a value that is not finite; nothing was written"
      )
    }
  }

  private static func header(
    _ entries: [(name: String, shape: [Int])],
    _ metadata: [String: String],
    file: String
  ) throws(ModelFileError) -> (text: String, counts: [Int]) {
    var texts = metadata
    texts["format"] = "pt"
    let sortedTexts = texts.sorted { $0.key < $1.key }
    var members = [
      JSONMember("__metadata__", .object(sortedTexts.map { JSONMember($0.key, .string($0.value)) }))
    ]
    var counts: [Int] = []
    var offset = 0
    for (index, entry) in entries.enumerated() {
      guard index == 0 || entries[index - 1].name != entry.name, entry.name != "__metadata__" else {
        throw .badTensor(file: file, tensor: entry.name, detail: "the name is given twice or taken")
      }
      let tensor = try StoredTensor(
        name: entry.name,
        type: .float32,
        shape: entry.shape,
        byteOffset: offset,
        file: file
      )
      let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
      guard !overflow else {
        throw .badTensor(file: file, tensor: entry.name, detail: "the file would be absurdly large")
      }
      members.append(
        JSONMember(
          entry.name,
          .object([
            JSONMember("dtype", .string("F32")),
            JSONMember("shape", .array(entry.shape.map { .integer($0) })),
            JSONMember("data_offsets", .array([.integer(offset), .integer(end)])),
          ])
        )
      )
      counts.append(tensor.elementCount)
      offset = end
    }
    // The data begin at a multiple of eight; spaces after the header are part of the format.
    let text = JSONValue.object(members).line
    return (text + String(repeating: " ", count: (8 - text.utf8.count % 8) % 8), counts)
  }
}
