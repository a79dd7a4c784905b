import Scalarization
import Testing

@Suite struct ContentHashTests {
  // Examples of FIPS 180-4.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func `the published examples hold`(text: String, hash: String) {
    #expect(ContentHash.hexadecimal(text.utf8) == hash)
  }

  @Test func `a million bytes in uneven parts give the published hash`() {
    var hash = ContentHash()
    var left = 1_000_000
    var size = 1
    while left > 0 {
      hash.add([UInt8](repeating: 0x61, count: min(size, left)))
      left -= min(size, left)
      size += 1
    }
    #expect(
      hash.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    )
  }
}
