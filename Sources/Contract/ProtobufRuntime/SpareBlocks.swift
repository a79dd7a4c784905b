internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Small blocks of memory that finished arenas leave for the next ones.
///
/// Every call encodes and decodes a message on each side. Measured: `malloc` of some KiB for each was
/// a tenth of a small call's time.
enum SpareBlocks {
  /// Bytes of each block.
  static let byteCount = 8_192
  /// Blocks kept for later; more go back to the system.
  private static let countMax = 16

  // Addresses rather than pointers, because a pointer must not cross a lock.
  private static let addresses = Mutex<[UInt]>([])

  /// A block, kept or new; nil when the machine has no memory left.
  static func take() -> UnsafeMutableRawPointer? {
    let kept = addresses.withLock { $0.popLast() }
    return kept.flatMap { UnsafeMutableRawPointer(bitPattern: $0) } ?? malloc(byteCount)
  }

  /// Gives a block back.
  static func leave(_ block: UnsafeMutableRawPointer) {
    let isKept = addresses.withLock { addresses in
      guard addresses.count < countMax else { return false }
      addresses.append(UInt(bitPattern: block))
      return true
    }
    if !isKept { free(block) }
  }
}
