import Synchronization
import Tensors
import Testing

@Suite struct ThreadsTests {
  @Test(arguments: [0, 1, 2, 7, 1000])
  func `every index runs exactly once`(count: Int) {
    let seen = Mutex([Int](repeating: 0, count: count))
    Threads.forEach(count) { index in seen.withLock { $0[index] += 1 } }
    #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
  }

  @Test func `a fork inside a fork runs to its end`() {
    let sum = Mutex(0)
    Threads.forEach(8) { outer in
      Threads.forEach(8) { inner in sum.withLock { $0 += outer * 8 + inner } }
    }
    #expect(sum.withLock { $0 } == 63 * 64 / 2)
  }

  @Test func `forks from several tasks at once do not disturb each other`() async {
    await withTaskGroup(of: Int.self) { group in
      for task in 0..<4 {
        group.addTask {
          let sum = Mutex(0)
          for _ in 0..<50 { Threads.forEach(16) { index in sum.withLock { $0 += index * task } } }
          return sum.withLock { $0 } - 50 * 120 * task
        }
      }
      for await difference in group { #expect(difference == 0) }
    }
  }

  @Test(arguments: [(0, 3, 1), (1, 4, 16), (100, 3, 16), (17, 2, 1), (64, 2, 32)])
  func `a split covers everything once`(count: Int, parts: Int, multiple: Int) {
    let ranges = Threads.split(count, parts: parts, multiple: multiple)
    #expect(ranges.flatMap { Array($0) } == Array(0..<count))
    #expect(ranges.count <= parts)
    #expect(ranges.allSatisfy { $0.lowerBound % multiple == 0 })
  }
}
