import CProtobufC
import ProtobufRuntime
import Testing

@Suite struct MessageArenaTests {
  @Test func `allocations are aligned, distinct and writable`() throws {
    let arena = try MessageArena(firstByteCount: 64)
    var addresses: Set<UInt> = []
    for byteCount in 0..<200 {
      let pointer = try arena.allocate(byteCount)
      pointer.initializeMemory(as: UInt8.self, repeating: UInt8(byteCount % 251), count: byteCount)
      #expect(UInt(bitPattern: pointer) % 16 == 0)
      if byteCount > 0 { #expect(addresses.insert(UInt(bitPattern: pointer)).inserted) }
    }
    let isExhausted = arena.isExhausted
    #expect(!isExhausted)
  }

  @Test(arguments: [0, 16, 1000, 4096, 100_000])
  func `an arena never hands out more than its limit`(byteCountMax: Int) throws {
    let arena = try MessageArena(byteCountMax: byteCountMax, firstByteCount: 32)
    var total = 0
    while true {
      do throws(MessageError) {
        _ = try arena.allocate(48)
        total += 48
      } catch { break }
    }
    #expect(total <= byteCountMax)
    // Rounding and a last block too small for one allocation are all that may be left over.
    #expect(total >= byteCountMax / 2 - 128)
    let isExhausted = arena.isExhausted
    #expect(isExhausted)
  }

  @Test(arguments: [-1, Int.min, Int.max, Int.max - 15])
  func `an absurd allocation is refused`(byteCount: Int) throws {
    let arena = try MessageArena()
    #expect(throws: MessageError.outOfMemory(message: "")) { _ = try arena.allocate(byteCount) }
  }

  @Test func `C's allocator comes from the same memory`() throws {
    let arena = try MessageArena(byteCountMax: 4096, firstByteCount: 256)
    let allocator = arena.allocator.pointee
    let first = allocator.alloc(allocator.allocator_data, 100)
    #expect(first != nil)
    allocator.free(allocator.allocator_data, first)
    #expect(allocator.alloc(allocator.allocator_data, 1 << 20) == nil)
    let isExhausted = arena.isExhausted
    #expect(isExhausted)
  }

  @Test func `an identifier with NUL is refused and a text keeps it`() throws {
    let arena = try MessageArena()
    let expected = MessageError.embeddedNUL(message: "m", field: "f")
    #expect(throws: expected) { _ = try arena.identifier("a\0b", "m", "f") }
    #expect(try arena.text("a\0b").len == 3)
    let pointer = try arena.identifier("häuser 🏡", "m", "f")
    #expect(String(cString: pointer) == "häuser 🏡")
    #expect(String(cString: try arena.identifier("", "m", "f")) == "")
  }
}
