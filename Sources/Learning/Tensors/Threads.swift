internal import CKernels
internal import COpenBLAS
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The threads of the process's numerical work: set once, used by every kernel and product.
///
/// Where nobody sets them they are as many as `MORLAIF_THREADS` says, or the cores.
package enum Threads {
  /// SAFETY: the pool is made once, never freed, and locks inside.
  private struct Pool: @unchecked Sendable {
    let handle: OpaquePointer?
    let count: Int
  }

  private static let requested = Mutex<Int?>(nil)

  private static let pool: Pool = {
    let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    let environment = ProcessInfo.processInfo.environment["MORLAIF_THREADS"].flatMap { Int($0) }
    let unset = environment.map { $0 > 0 ? $0 : cores } ?? cores
    let wanted = requested.withLock { $0 } ?? unset
    openblas_set_num_threads(1)
    return Pool(handle: kernel_pool_create(wanted), count: wanted)
  }()

  /// How many threads share the work; part of what makes a run reproducible.
  package static var count: Int { pool.count }

  /// Sets the thread count; only the first call before any numerical work has an effect.
  ///
  /// - Returns: The count in force.
  @discardableResult
  package static func configure(count: Int) -> Int {
    requested.withLock { $0 = max(1, count) }
    return pool.count
  }

  /// Whether the calling thread is already inside `forEach`, where further forks run inline.
  package static var isNested: Bool { kernel_pool_is_nested() != 0 }

  /// Runs `body` for each index of `0 ..< count`, over all threads, and waits for all of them.
  ///
  /// Each index runs exactly once, on any thread; bodies write to places of their own.
  package static func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard count > 0 else { return }
    withoutActuallyEscaping(body) { escapable in
      var box = Body(run: escapable)
      withUnsafeMutablePointer(to: &box) { pointer in
        kernel_pool_run(
          pool.handle,
          count,
          { context, index in
            context?.assumingMemoryBound(to: Body.self).pointee.run(index)
          },
          UnsafeMutableRawPointer(pointer)
        )
      }
    }
  }

  /// Cuts `0 ..< count` into at most `parts` near-equal ranges that start at multiples of `multiple`.
  package static func split(_ count: Int, parts: Int, multiple: Int = 1) -> [Range<Int>] {
    guard count > 0 else { return [] }
    let units = (count + multiple - 1) / multiple
    let pieces = max(1, min(parts, units))
    return (0..<pieces).map { piece in
      let start = units * piece / pieces * multiple
      let end = units * (piece + 1) / pieces * multiple
      return start..<min(end, count)
    }
  }

  private struct Body {
    let run: (Int) -> Void
  }
}
