import Hashing
import Testing

@Suite struct SHA256Tests {
  private func digest(_ bytes: [UInt8], pieceSize: Int) -> String {
    var hash = SHA256()
    for start in stride(from: 0, to: bytes.count, by: pieceSize) {
      hash.update(Array(bytes[start..<min(start + pieceSize, bytes.count)]).span)
    }
    return hash.hexDigest()
  }

  // Examples of FIPS 180-4.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `the standard's examples are met`(_ text: String, _ expected: String) {
    #expect(SHA256.hexDigest(of: text) == expected)
  }

  @Test func `a million letters are met`() {
    let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(digest(Array(repeating: 0x61, count: 1_000_000), pieceSize: 142_858) == expected)
  }

  @Test(arguments: [1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000])
  func `pieces of any size give the hash of the whole`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = digest(bytes, pieceSize: count)
    for size in 1...70 { #expect(digest(bytes, pieceSize: size) == whole) }
  }

  @Test func `a hash can be taken before the last byte`() {
    var hash = SHA256()
    hash.update("a")
    #expect(hash.hexDigest() == SHA256.hexDigest(of: "a"))
    hash.update("bc")
    #expect(hash.hexDigest() == SHA256.hexDigest(of: "abc"))
  }

  // From Python: hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in (b"ab", b"c"))).
  @Test func `a list of texts is hashed with the lengths of its parts`() {
    let expected = "601d5476e2ccfe2c87a2bba7a322659734a05749d5b5aa781f513e4912db0d5f"
    #expect(SHA256.hexDigest(ofParts: ["ab", "c"]) == expected)
    #expect(SHA256.hexDigest(ofParts: ["a", "bc"]) != expected)
    #expect(SHA256.digest(ofParts: ["ab", "c"]).prefix(2) == [0x60, 0x1D])
  }
}
