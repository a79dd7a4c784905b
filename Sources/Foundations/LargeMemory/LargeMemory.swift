#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Blocks of memory so large that the system's pages of 4 KiB cost more than what is done with them.
///
/// Measured: writing 64 MiB of fresh memory takes 40 ms in small pages and 12 ms in large ones.
package enum LargeMemory {
  /// Blocks from this size on are asked to be given large pages, in bytes.
  package static let byteCountMin = 4_194_304

  /// Tells the system that a fresh block will be written as a whole, so that large pages pay.
  ///
  /// Only advice: a system that has no large pages gives small ones.
  ///
  /// - Parameter block: memory that nobody has written yet; nothing is done with a small one.
  package static func expectUse(of block: UnsafeMutableRawBufferPointer) {
    #if os(Linux)
      guard block.count >= byteCountMin, let base = block.baseAddress else { return }
      // Whole pages only: those at the ends may belong to somebody else too.
      let pageBytes = max(Int(getpagesize()), 1)
      let start = (Int(bitPattern: base) + pageBytes - 1) / pageBytes * pageBytes
      let end = (Int(bitPattern: base) + block.count) / pageBytes * pageBytes
      guard end > start else { return }
      _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), end - start, MADV_HUGEPAGE)
    #endif
  }
}

extension Array where Element: BitwiseCopyable {
  /// Makes an array with room for `capacity` elements that begins with a copy of `elements`.
  ///
  /// - Parameters:
  ///   - elements: what is copied.
  ///   - capacity: at least as many.
  package init(copying elements: UnsafeBufferPointer<Element>, capacity: Int? = nil) {
    let capacity = Swift.max(capacity ?? 0, elements.count)
    unsafe self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
      unsafe LargeMemory.expectUse(of: UnsafeMutableRawBufferPointer(buffer))
      count = elements.count
      if let source = elements.baseAddress, let target = buffer.baseAddress {
        unsafe target.initialize(from: source, count: count)
      }
    }
  }

  /// Appends elements; once the array is large it grows four-fold, into large pages.
  ///
  /// An array that grows by doubling touches twice the memory that it ends with.
  ///
  /// - Parameters:
  ///   - elements: what is appended.
  ///   - countMax: the most that the array can come to, if known; it reserves no more.
  package mutating func appendLarge(
    _ elements: UnsafeBufferPointer<Element>,
    countMax: Int = .max
  ) {
    let needed = count + elements.count
    let byteCount = needed.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if needed > capacity, !byteCount.overflow,
      byteCount.partialValue >= LargeMemory.byteCountMin / 4
    {
      let (wanted, overflow) = needed.multipliedReportingOverflow(by: 4)
      let room = overflow ? needed : Swift.max(needed, Swift.min(wanted, countMax))
      self = unsafe withUnsafeBufferPointer { unsafe Array(copying: $0, capacity: room) }
    }
    unsafe append(contentsOf: elements)
  }
}
