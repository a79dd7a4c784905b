#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Aligned memory for floats, shared by the windows that look into it.
///
/// SAFETY: `Tile` writes through the pointer without locks. Whoever forks work over one buffer
/// gives each thread its own rows or columns, and joins before anyone reads them.
package final class FloatBuffer: @unchecked Sendable {
  /// The first float; 64-byte aligned, so that a cache line never straddles two threads' rows.
  package let base: UnsafeMutablePointer<Float>
  /// How many floats there is room for.
  package let count: Int

  /// Allocates room for `count` floats, all zero when `zeroed`, else of any value.
  package init(count: Int, zeroed: Bool) {
    precondition(count >= 0, "a buffer needs a count of at least 0")
    let byteCount = max(count, 1) * MemoryLayout<Float>.stride
    var raw: UnsafeMutableRawPointer?
    let result = posix_memalign(&raw, 64, byteCount)
    guard result == 0, let raw else {
      preconditionFailure("the system has no \(byteCount) bytes left for a tensor")
    }
    base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
    if zeroed { base.update(repeating: 0, count: count) }
  }

  deinit { free(base) }
}
