import ProtobufRuntime
import Testing

@Suite struct SpareBlocksTests {
  @Test func `arenas that exist at the same time never share a block`() throws {
    for _ in 0..<3 {
      // More than are kept for later.
      let arenas = try (0..<40).map { _ in try Owner() }
      let addresses = try arenas.map { UInt(bitPattern: try $0.arena.allocate(4_096)) }
      #expect(Set(addresses.map { $0 / 4_096 }).count >= 40)
      #expect(Set(addresses).count == 40)
    }
  }

  @Test func `a small limit holds in a block that is larger`() throws {
    let arena = try MessageArena(byteCountMax: 64)
    _ = try arena.allocate(64)
    #expect(throws: MessageError.outOfMemory(message: "")) { _ = try arena.allocate(16) }
  }

  /// An arena that an array can hold.
  private final class Owner {
    let arena: MessageArena
    init() throws { arena = try MessageArena() }
  }
}
