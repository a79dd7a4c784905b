import LargeMemory
import Testing

struct LargeMemoryTests {
  @Test(arguments: [0, 1, 4_095, LargeMemory.byteCountMin, LargeMemory.byteCountMin + 4_097])
  func `a copy holds what was copied`(count: Int) {
    let source = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let copy = source.withUnsafeBufferPointer { Array(copying: $0, capacity: count + 7) }
    #expect(copy == source)
    #expect(copy.capacity >= count + 7)
  }

  @Test func `appending part by part gives the whole`() {
    let part = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var grown: [UInt8] = []
    for _ in 0..<100 { part.withUnsafeBufferPointer { grown.appendLarge($0) } }
    #expect(grown.count == 100 * part.count)
    for index in 0..<100 {
      #expect(grown[(index * part.count)...].prefix(part.count).elementsEqual(part))
    }
  }

  @Test func `a large array moves seldom and keeps to its limit`() {
    let part = [UInt8](repeating: 1, count: 65_536)
    let countMax = 1_000 * part.count
    var grown: [UInt8] = []
    var moves = 0
    while grown.count < countMax {
      let before = grown.capacity
      part.withUnsafeBufferPointer { grown.appendLarge($0, countMax: countMax) }
      if grown.count > LargeMemory.byteCountMin, grown.capacity != before { moves += 1 }
    }
    // From 4 to 62 MiB in two steps, where doubling takes four.
    #expect(moves <= 2)
    #expect(grown.capacity < countMax + countMax / 8)
  }

  @Test func `memory that somebody else has stays as it is`() {
    var block = [UInt8](repeating: 9, count: LargeMemory.byteCountMin + 123)
    block.withUnsafeMutableBytes { bytes in
      LargeMemory.expectUse(of: UnsafeMutableRawBufferPointer(rebasing: bytes[5...]))
    }
    #expect(block.allSatisfy { $0 == 9 })
  }
}
