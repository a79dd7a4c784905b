import ModelFiles
import Testing

@Suite struct SHA256Tests {
  private func digest(_ bytes: [UInt8], pieces: Int = 1) -> String {
    var hash = SHA256()
    let size = max(1, (bytes.count + pieces - 1) / pieces)
    for start in stride(from: 0, to: bytes.count, by: size) {
      bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { hash.update($0) }
    }
    return hash.hexDigest()
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `the standard's examples are met`(_ text: String, _ expected: String) {
    #expect(digest(Array(text.utf8)) == expected)
  }

  @Test func `a million letters are met`() {
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(digest(Array(repeating: 0x61, count: 1_000_000), pieces: 7) == expected)
  }

  @Test(arguments: [1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000])
  func `pieces give the hash of the whole`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for pieces in 2...7 { #expect(digest(bytes, pieces: pieces) == digest(bytes)) }
  }

  @Test func `names, shapes and values of tensors all count, their order does not`() {
    let first = NamedTensor(name: "a", shape: [2], values: [1, 2])
    let second = NamedTensor(name: "b", shape: [1, 2], values: [1, 2])
    let hash = WeightHash.sha256(of: [first, second])
    #expect(WeightHash.sha256(of: [second, first]) == hash)
    var others: [NamedTensor] = [first, first, first]
    others[0].name = "c"
    others[1].shape = [2, 1]
    others[2].values[1] = 2.0000002
    for other in others { #expect(WeightHash.sha256(of: [other, second]) != hash) }
  }
}
