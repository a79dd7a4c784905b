import Foundation
import ModelFiles
import Testing

@Suite struct SafetensorsFileTests {
  private func file(_ header: String, dataCount: Int) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array(header.utf8)
      + Array(repeating: 0, count: dataCount)
  }

  private func failure(_ header: String, dataCount: Int = 16) throws -> ModelFileError {
    let folder = try TemporaryFolder()
    let path = try folder.write("case.safetensors", file(header, dataCount: dataCount))
    return try #require(throws: ModelFileError.self) { try SafetensorsFile(path: path) }
  }

  @Test func `a file cut anywhere is refused`() throws {
    let folder = try TemporaryFolder()
    let bytes = try Vectors.bytes("tiny-llama-reward/adapter_model.safetensors")
    for count in 0..<bytes.count {
      let path = try folder.write("cut.safetensors", bytes.prefix(count))
      #expect(throws: ModelFileError.self, "cut at \(count)") { try SafetensorsFile(path: path) }
    }
  }

  @Test(arguments: [5, 6, 7] as [UInt64])
  func `damaged headers throw or open, and never trap`(_ seed: UInt64) throws {
    let folder = try TemporaryFolder()
    var generator = SplitMix(state: seed)
    let original = try Vectors.bytes("tiny-llama-reward/adapter_model.safetensors")
    let interesting = Array("09[]{}\",:-e.\\u\u{0}\u{7F}F".utf8) + [0xFF, 0x80]
    for _ in 0..<700 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<1200, using: &generator)] =
          interesting.randomElement(using: &generator) ?? 0
      }
      let path = try folder.write("damaged.safetensors", bytes)
      guard let file = try? SafetensorsFile(path: path) else { continue }
      for name in file.tensorNames { _ = try? file.values(of: name) }
    }
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,12]}}"#, "16 bytes"),
    (#"{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}"#, "truncated"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[12,4]}}"#, "no range"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "no range"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "no range"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, "no range"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, "shape"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "shape"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#, "shape"),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, "dtype"),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#,
      "absurdly large"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,8]}}"#,
      "absurdly large"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]}}"#,
      "absurd"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      "lies over"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
      "twice"
    ),
    ("[1]", "no JSON object"),
    ("{", "JSON"),
    ("", "JSON"),
  ])
  func `a wrong header is refused with its fault`(_ header: String, _ fault: String) throws {
    let error = try failure(header)
    #expect(error.description.contains(fault), "\(error)")
    #expect(error.description.contains("case.safetensors"))
  }

  @Test(arguments: [17, 1 << 40, UInt64.max] as [UInt64])
  func `an absurd header length is refused`(_ length: UInt64) throws {
    let folder = try TemporaryFolder()
    let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) } + Array("{}      ".utf8)
    let path = try folder.write("case.safetensors", bytes)
    let error = #expect(throws: ModelFileError.self) { try SafetensorsFile(path: path) }
    #expect(error?.description.contains("\(length)") == true)
  }

  @Test func `a tensor of another type matters only when it is asked for`() throws {
    let header = #"{"mask":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}"#
    let folder = try TemporaryFolder()
    let path = try folder.write("case.safetensors", file(header, dataCount: 4))
    let opened = try SafetensorsFile(path: path)
    #expect(opened.shape(of: "mask") == nil)
    let error = #expect(throws: ModelFileError.self) {
      var values: [Float] = [0]
      var span = values.mutableSpan
      try opened.read("mask", into: &span)
    }
    #expect(error?.description.contains("BOOL") == true)
  }

  @Test func `an empty tensor and a single number are read`() throws {
    let header = #"""
      {"none":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"one":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}
      """#
    let folder = try TemporaryFolder()
    let path = try folder.write("case.safetensors", file(header, dataCount: 4))
    let opened = try SafetensorsFile(path: path)
    #expect(try opened.values(of: "none") == [])
    #expect(try opened.values(of: "one") == [0])
  }
}
