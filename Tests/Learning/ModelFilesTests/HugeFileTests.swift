import Foundation
import JSON
import ModelFiles
import Testing

/// Files that are as large as they claim to be, in holes that take no room on the disk.
@Suite struct HugeFileTests {
  private static let size: UInt64 = 10 << 30

  /// Writes the beginning of a file of 10 GiB, runs `body` and expects an error that names the file.
  private func refusal(
    _ name: String,
    _ beginning: [UInt8],
    _ body: (String) throws -> Void
  ) throws -> String {
    let folder = try TemporaryFolder()
    let path = try folder.write(name, beginning)
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.truncate(atOffset: Self.size)
    try file.close()
    let error = try #require(throws: ModelFileError.self) { try body(path) }
    #expect(error.description.contains(name))
    return error.description
  }

  private func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  @Test func `a safetensors header of 10 GiB is refused`() throws {
    let text = try refusal("model.safetensors", little(Self.size - 8)) {
      _ = try SafetensorsFile(path: $0)
    }
    #expect(text.contains("header of \(Self.size - 8) bytes"))
  }

  @Test(arguments: [
    // A text, a list of texts, a list of bytes, and the counts of tensors and of keys.
    (0, 1, [] as [UInt8], "metadata key 0"),
    (0, 1, [1, 0, 0, 0, 0, 0, 0, 0, 0x78, 9, 0, 0, 0, 8, 0, 0, 0], "elements of x"),
    (0, 1, [1, 0, 0, 0, 0, 0, 0, 0, 0x78, 9, 0, 0, 0, 0, 0, 0, 0], "elements of x"),
    (100_000_000, 0, [], "number of tensors"), (0, 100_000_000, [], "number of metadata keys"),
    (4_000_000, 0, [], "dimensions"),
  ])
  func `a GGUF file that claims absurd sizes and has them is refused`(
    _ tensors: UInt64,
    _ keys: UInt64,
    _ key: [UInt8],
    _ fault: String
  ) throws {
    let beginning = Array("GGUF".utf8) + little(UInt32(3)) + little(tensors) + little(keys) + key
    // What follows is a length of 9 GiB.
    let text = try refusal("model.gguf", beginning + (keys == 1 ? little(UInt64(9 << 30)) : [])) {
      _ = try GGUFFile(path: $0)
    }
    #expect(text.contains(fault), "\(text)")
  }

  @Test func `a GGUF header that never ends is refused`() throws {
    var builder = GGUFBuilder()
    // Lists of bytes, each as long as may be, with their counts between the holes: the first is read.
    builder.add("x", type: 9, raw: little(UInt32(0)) + little(UInt64(1 << 22)))
    builder.keyCount = 1_000_000
    let header = Array(builder.bytes().prefix(24 + 9 + 4 + 12))
    let text = try refusal("model.gguf", header) { _ = try GGUFFile(path: $0) }
    #expect(text.contains("twice") || text.contains("header is longer"), "\(text)")
  }

  @Test func `a JSON file of 10 GiB is refused`() throws {
    let text = try refusal("config.json", Array("{}".utf8)) { _ = try JSONValue.read(path: $0) }
    #expect(text.contains("more than"))
  }

  @Test func `a text file of 10 GiB is refused`() throws {
    let text = try refusal("chat_template.jinja", Array("{}".utf8)) {
      _ = try TextFile.readIfPresent(path: $0)
    }
    #expect(text.contains("more than"))
  }

  @Test func `a tensor of 10 GiB under a small shape is refused`() throws {
    let header = Array(
      #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,\#((10 << 30) - 100)]}}"#.utf8
    )
    let text = try refusal("model.safetensors", little(UInt64(header.count)) + header) {
      _ = try SafetensorsFile(path: $0)
    }
    #expect(text.contains("tensor a"))
  }
}
