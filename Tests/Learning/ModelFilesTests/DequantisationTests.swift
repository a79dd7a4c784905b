import Foundation
import ModelFiles
import Testing

@Suite struct DequantisationTests {
  struct Golden: Decodable, CustomTestStringConvertible {
    var type: String
    var bytes: Data
    var values: Data

    var testDescription: String { type }

    static func load() -> [Golden] {
      let data = try? Data(contentsOf: Vectors.folder.appending(path: "dequantisation.json"))
      return data.flatMap { try? JSONDecoder().decode([Golden].self, from: $0) } ?? []
    }
  }

  private static let typeNumbers: [String: UInt32] = [
    "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "BF16": 30,
    "Q4_K": 12, "Q5_K": 13, "Q6_K": 14,
  ]

  /// The elements of a block.
  private static func blockElements(_ type: String) -> Int {
    type.hasSuffix("_K") ? 256 : type.hasPrefix("Q") ? 32 : 1
  }

  @Test func `there is a golden for every type`() {
    #expect(Set(Golden.load().map(\.type)) == Set(Self.typeNumbers.keys))
  }

  @Test(arguments: Golden.load())
  func `values equal the gguf package's, bit for bit`(_ golden: Golden) throws {
    let expected = golden.values.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
    var builder = GGUFBuilder()
    // One tensor of rows of a block each, and the same again as one long row.
    let type = try #require(Self.typeNumbers[golden.type])
    let row = Self.blockElements(golden.type)
    let rows = UInt64(expected.count / row)
    builder.add(
      "rows",
      dimensions: [UInt64(row), rows],
      type: type,
      bytes: Array(golden.bytes)
    )
    builder.add(
      "line",
      dimensions: [UInt64(expected.count)],
      type: type,
      bytes: Array(golden.bytes)
    )
    let folder = try TemporaryFolder()
    let file = try GGUFFile(path: try folder.write("blocks.gguf", builder.bytes()))
    for name in ["rows", "line"] {
      #expect(try file.values(of: name).map(\.bitPattern) == expected)
    }
    #expect(file.shape(of: "rows") == [Int(rows), row])
  }

  @Test(
    arguments: ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "BF16", "Q4_K", "Q5_K", "Q6_K"]
  )
  func `infinite scales and values are refused`(_ type: String) throws {
    let golden = try #require(Golden.load().first { $0.type == type })
    let halfInfinity: [UInt8] = type == "BF16" ? [0x80, 0x7F] : [0x00, 0x7C]
    var bytes = Array(golden.bytes)
    // Q6_K keeps its scale at the end of a block.
    let place = type == "Q6_K" ? 208 : 0
    bytes.replaceSubrange(place..<place + 2, with: halfInfinity)
    var builder = GGUFBuilder()
    let count = UInt64(golden.values.count / 4)
    let number = try #require(Self.typeNumbers[type])
    builder.add("weights", dimensions: [count], type: number, bytes: bytes)
    let folder = try TemporaryFolder()
    let file = try GGUFFile(path: try folder.write("blocks.gguf", builder.bytes()))
    let error = #expect(throws: ModelFileError.self) { try file.values(of: "weights") }
    #expect(error?.description.contains("weights") == true)
  }

  @Test(arguments: Golden.load().filter { $0.type.hasPrefix("Q") }, [1, 2] as [UInt64])
  func `random blocks give what the naive formula of one element gives`(
    _ golden: Golden,
    _ seed: UInt64
  ) throws {
    let elements = Self.blockElements(golden.type)
    let blockCount = golden.values.count / 4 / elements
    let blockBytes = golden.bytes.count / blockCount
    var generator = SplitMix(state: seed)
    // The golden's blocks have finite scales; everything else in them is drawn anew.
    var bytes = Array(golden.bytes)
    let scaleBytes = NaiveBlock.scaleBytes(golden.type)
    for index in bytes.indices where !scaleBytes.contains(index % blockBytes) {
      bytes[index] = UInt8.random(in: 0...255, using: &generator)
    }
    var builder = GGUFBuilder()
    let number = try #require(Self.typeNumbers[golden.type])
    let count = UInt64(blockCount * elements)
    builder.add("weights", dimensions: [count], type: number, bytes: bytes)
    let folder = try TemporaryFolder()
    let values = try GGUFFile(path: try folder.write("blocks.gguf", builder.bytes()))
      .values(of: "weights")
    for block in 0..<blockCount {
      let stored = Array(bytes[block * blockBytes..<(block + 1) * blockBytes])
      for element in 0..<elements {
        let naive = try NaiveBlock.value(golden.type, stored, element)
        let value = values[block * elements + element]
        #expect(value.bitPattern == naive.bitPattern, "block \(block), element \(element)")
      }
    }
  }

  @Test(arguments: ["Q4_K", "Q5_K", "Q6_K"])
  func `a row that is no whole number of blocks is refused`(_ type: String) throws {
    let golden = try #require(Golden.load().first { $0.type == type })
    var builder = GGUFBuilder()
    let number = try #require(Self.typeNumbers[type])
    builder.add("weights", dimensions: [128, 16], type: number, bytes: Array(golden.bytes))
    let folder = try TemporaryFolder()
    let path = try folder.write("blocks.gguf", builder.bytes())
    let error = #expect(throws: ModelFileError.self) { try GGUFFile(path: path) }
    #expect(error?.description.contains("no whole blocks of 256") == true)
  }
}
