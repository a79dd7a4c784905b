import LargeMemory
import Testing

struct ScatteredBytesTests {
  private let floats: [Float] = [1, 2, 3]
  private var scattered: ScatteredBytes {
    var scattered = ScatteredBytes([1, 2])
    scattered.append(LentArray(floats))
    scattered.append(LentArray([UInt8]([9])))
    return scattered
  }

  @Test func `bytes of several places are one sequence`() {
    let expected = [1, 2] + floats.withUnsafeBytes { [UInt8]($0) } + [9]
    #expect(scattered.count == 15)
    #expect(scattered.joined == expected)
    #expect(scattered.contiguous == nil)
    for lower in 0...15 {
      for upper in lower...15 {
        var part: [UInt8] = []
        scattered.forEach(in: lower..<upper) { part += $0 }
        #expect(part == Array(expected[lower..<upper]), "\(lower)..<\(upper)")
      }
    }
  }

  @Test func `bytes of one place are not copied`() {
    let bytes: [UInt8] = [4, 5, 6]
    let address = bytes.withUnsafeBytes { $0.baseAddress }
    let scattered = ScatteredBytes(bytes)
    #expect(scattered.contiguous == bytes)
    #expect(scattered.joined.withUnsafeBytes { $0.baseAddress } == address)
  }
}
