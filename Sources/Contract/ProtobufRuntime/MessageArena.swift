package import CProtobufC
package import LargeMemory

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The memory of one encode or decode: allocations only move a cursor, and all of it is freed at once.
///
/// Handed to protobuf-c as its allocator it bounds what a message can make us hold: when the limit is
/// reached an allocation fails, and protobuf-c gives up.
package struct MessageArena: ~Copyable {
  private let header: UnsafeMutablePointer<ArenaHeader>

  /// Makes an arena.
  ///
  /// - Parameters:
  ///   - byteCountMax: most bytes that the arena may hold.
  ///   - firstByteCount: bytes to reserve at once, as a good guess of what will be needed.
  /// - Throws: `outOfMemory` when the machine has no memory left.
  package init(byteCountMax: Int = .max, firstByteCount: Int = 2048) throws(MessageError) {
    let reserved = ArenaHeader.byteCount
    let isSpare = reserved + firstByteCount <= SpareBlocks.byteCount
    let wanted = isSpare ? SpareBlocks.byteCount - reserved : firstByteCount
    let first = max(min(wanted, byteCountMax), 0) & ~(ArenaHeader.alignment - 1)
    guard let block = isSpare ? SpareBlocks.take() : largeBlock(reserved + first) else {
      throw .outOfMemory(message: "")
    }
    header = block.bindMemory(to: ArenaHeader.self, capacity: 1)
    header.initialize(
      to: ArenaHeader(
        allocator: ProtobufCAllocator(
          alloc: { data, byteCount in
            // C's size_t comes in as Int; an absurd request is negative here and is refused.
            data?.assumingMemoryBound(to: ArenaHeader.self).pointee.allocate(byteCount)
          },
          free: { _, _ in },
          allocator_data: block
        ),
        cursor: block + reserved,
        end: block + reserved + first,
        nextByteCount: max(first, 1024),
        remaining: byteCountMax - first,
        blocks: nil,
        kept: [],
        isSpare: isSpare,
        isExhausted: false
      )
    )
  }

  deinit {
    var block = header.pointee.blocks
    while let current = block {
      block = current.load(as: UnsafeMutableRawPointer?.self)
      free(current)
    }
    let isSpare = header.pointee.isSpare
    header.deinitialize(count: 1)
    if isSpare {
      SpareBlocks.leave(header)
    } else {
      free(header)
    }
  }

  /// Whether an allocation was refused because of the limit or for want of memory.
  package var isExhausted: Bool { header.pointee.isExhausted }

  /// The arena as protobuf-c wants it; valid as long as the arena.
  package var allocator: UnsafeMutablePointer<ProtobufCAllocator> {
    UnsafeMutableRawPointer(header).assumingMemoryBound(to: ProtobufCAllocator.self)
  }

  /// The arrays that were not copied into the arena.
  package var kept: [any LentBytes] { header.pointee.kept }

  /// Keeps an array for as long as the arena lives.
  ///
  /// SAFETY: the elements of an array lie in one object of the heap, which is neither moved nor written
  /// while somebody else refers to it; and from here on the arena does.
  ///
  /// - Returns: where its elements are; nil when there are none.
  package func keep<Element: BitwiseCopyable & Sendable>(
    _ values: [Element]
  ) -> UnsafeMutablePointer<Element>? {
    header.pointee.kept.append(LentArray(values))
    // Only read: packing takes C structs as mutable, but leaves them as they are.
    return values.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) }
  }

  /// Takes `byteCount` bytes, aligned for every C type, uninitialised.
  ///
  /// - Throws: `outOfMemory` when the limit is reached or the machine has no memory left.
  package func allocate(_ byteCount: Int) throws(MessageError) -> UnsafeMutableRawPointer {
    guard let pointer = header.pointee.allocate(byteCount) else {
      throw .outOfMemory(message: "")
    }
    return pointer
  }
}

/// Fresh memory, in large pages where that pays; nil when the machine has none left.
private func largeBlock(_ byteCount: Int) -> UnsafeMutableRawPointer? {
  let block = malloc(byteCount)
  LargeMemory.expectUse(of: UnsafeMutableRawBufferPointer(start: block, count: byteCount))
  return block
}

/// The arena's state, at the start of its first block so that protobuf-c can be given its address.
///
/// `allocator` comes first: a pointer to the header is also a pointer to the allocator.
private struct ArenaHeader {
  var allocator: ProtobufCAllocator
  var cursor: UnsafeMutableRawPointer
  var end: UnsafeMutableRawPointer
  /// Bytes of the next block, doubled each time.
  var nextByteCount: Int
  /// Bytes that further blocks may still take.
  var remaining: Int
  /// The newest further block; each starts with the address of the one before.
  var blocks: UnsafeMutableRawPointer?
  /// Large arrays that lie where they are.
  var kept: [any LentBytes]
  /// Whether the first block is one of `SpareBlocks`.
  let isSpare: Bool
  var isExhausted: Bool

  static let alignment = 16
  static var byteCount: Int { (MemoryLayout<Self>.size + alignment - 1) & ~(alignment - 1) }

  mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount >= 0, byteCount <= Int.max - Self.alignment else {
      isExhausted = true
      return nil
    }
    let rounded = (byteCount + Self.alignment - 1) & ~(Self.alignment - 1)
    if rounded <= end - cursor {
      let pointer = cursor
      cursor += rounded
      return pointer
    }
    return allocateInNewBlock(rounded)
  }

  private mutating func allocateInNewBlock(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount <= remaining, byteCount <= Int.max - Self.alignment else {
      isExhausted = true
      return nil
    }
    let capacity = min(max(byteCount, nextByteCount), remaining) & ~(Self.alignment - 1)
    guard capacity >= byteCount, let block = largeBlock(Self.alignment + capacity) else {
      isExhausted = true
      return nil
    }
    block.storeBytes(of: blocks, as: UnsafeMutableRawPointer?.self)
    blocks = block
    remaining -= capacity
    nextByteCount = nextByteCount > (1 << 24) ? nextByteCount : nextByteCount * 2
    cursor = block + Self.alignment + byteCount
    end = block + Self.alignment + capacity
    return block + Self.alignment
  }
}
