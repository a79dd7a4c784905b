/// Bytes in one order that lie in several places, so that a large array among them need not be copied.
public struct ScatteredBytes: Sendable {
  /// The first piece: mostly the only one.
  private let first: [UInt8]
  /// What follows it; no allocation when there is nothing.
  private var others: [any LentBytes] = []
  /// Bytes of all pieces.
  public private(set) var count: Int

  /// Bytes in one place.
  package init(_ bytes: [UInt8]) {
    first = bytes
    count = bytes.count
  }

  /// Adds bytes behind all others; whoever holds them keeps them.
  package mutating func append(_ piece: any LentBytes) {
    others.append(piece)
    unsafe count += piece.withBytes { $0.count }
  }

  /// The bytes, when they lie in one place.
  package var contiguous: [UInt8]? { others.isEmpty ? first : nil }

  /// The bytes in one array; copied when they lie in several places.
  package var joined: [UInt8] {
    if others.isEmpty { return first }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      unsafe LargeMemory.expectUse(of: UnsafeMutableRawBufferPointer(target))
      unsafe forEach(in: 0..<count) { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(target)[filled...]
        unsafe UnsafeMutableRawBufferPointer(rebasing: rest).copyMemory(from: bytes)
        filled += bytes.count
      }
    }
  }

  /// Lends the bytes of a range, piece by piece.
  package func forEach(in range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
    var start = 0
    func lend(_ bytes: UnsafeRawBufferPointer) {
      let part = (range.lowerBound - start)..<(range.upperBound - start)
      let here = part.clamped(to: 0..<bytes.count)
      if !here.isEmpty { unsafe body(UnsafeRawBufferPointer(rebasing: bytes[here])) }
      start += bytes.count
    }
    unsafe first.withUnsafeBytes { unsafe lend($0) }
    for piece in others where start < range.upperBound {
      unsafe piece.withBytes { unsafe lend($0) }
    }
  }
}

/// Something that keeps bytes in one place.
package protocol LentBytes: Sendable {
  /// Lends the bytes; they are the same, and in the same place, each time.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

/// An array whose elements' bytes are lent.
package struct LentArray<Element: BitwiseCopyable & Sendable>: LentBytes {
  private let elements: [Element]

  /// Keeps an array.
  package init(_ elements: [Element]) { self.elements = elements }

  /// Lends the elements' bytes.
  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try unsafe elements.withUnsafeBytes(body)
  }
}
