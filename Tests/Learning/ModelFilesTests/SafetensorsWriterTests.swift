import Foundation
import JSON
import ModelFiles
import Testing

@Suite struct SafetensorsWriterTests {
  private let tensors = [
    NamedTensor(name: "b", shape: [2, 2], values: [1, -2, 3.5, .leastNonzeroMagnitude]),
    NamedTensor(name: "a", shape: [3], values: [-0.0, .greatestFiniteMagnitude, 1e-20]),
    NamedTensor(name: "ä \"quoted\"\n", shape: [], values: [7]),
  ]

  @Test func `what is written is read back, bit for bit`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write(tensors, to: path, metadata: ["note": "für \u{0} dich"])
    let file = try SafetensorsFile(path: path)
    for tensor in tensors {
      #expect(file.shape(of: tensor.name) == tensor.shape)
      let values = try file.values(of: tensor.name)
      #expect(values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
    }
    #expect(
      file.metadata == [
        JSONMember("format", .string("pt")), JSONMember("note", .string("für \u{0} dich")),
      ]
    )
  }

  @Test func `equal tensors give equal bytes, whatever their order`() throws {
    let folder = try TemporaryFolder()
    try SafetensorsWriter.write(tensors, to: folder.path + "/1")
    try SafetensorsWriter.write(tensors.reversed(), to: folder.path + "/2")
    let contents = FileManager.default.contents
    #expect(contents(folder.path + "/1") == contents(folder.path + "/2"))
  }

  @Test func `the data begin at a multiple of eight`() throws {
    for length in 1...9 {
      let folder = try TemporaryFolder()
      let name = String(repeating: "n", count: length)
      let path = folder.path + "/x"
      try SafetensorsWriter.write([NamedTensor(name: name, shape: [1], values: [1])], to: path)
      let size = try #require(FileManager.default.contents(atPath: path)).count
      #expect((size - 4) % 8 == 0)
    }
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a value that is not finite leaves the old file as it was`(_ value: Float) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write(tensors, to: path)
    let before = FileManager.default.contents(atPath: path)
    let error = #expect(throws: ModelFileError.self) {
      try SafetensorsWriter.write(
        [NamedTensor(name: "w", shape: [2], values: [1, value])],
        to: path
      )
    }
    #expect(error?.description.contains("tensor w") == true)
    #expect(FileManager.default.contents(atPath: path) == before)
    #expect(try folder.names() == ["x.safetensors"])
  }

  @Test func `a shape that does not fit and a name given twice are refused`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x"
    for shape in [[3], [-1], [Int.max, 2], [1 << 61]] {
      #expect(throws: ModelFileError.self) {
        try SafetensorsWriter.write(
          [NamedTensor(name: "w", shape: shape, values: [1, 2])],
          to: path
        )
      }
    }
    #expect(throws: ModelFileError.self) {
      try SafetensorsWriter.write([tensors[0], tensors[0]], to: path)
    }
    #expect(try folder.names() == [])
  }

  @Test func `a folder that is not there is named`() {
    let error = #expect(throws: ModelFileError.self) {
      try SafetensorsWriter.write([], to: "/nowhere/x.safetensors")
    }
    #expect(error?.description.contains("/nowhere/x.safetensors") == true)
  }
}
