import CKernels
import Foundation
import Testing

@Suite struct ExponentialTests {
  @Test func `the fast exponential is within 2e-7 of the true one`() {
    let x = (-87_000...88_000).map { Float($0) / 1000 }
    var y = [Float](repeating: 0, count: x.count)
    kernel_exp(&y, x, x.count)
    let worst = zip(x, y).map { abs(Double($1) / exp(Double($0)) - 1) }.max() ?? 1
    #expect(worst < 2e-7)
  }

  @Test func `far arguments neither overflow nor turn into nothing`() {
    let x: [Float] = [-1e30, -.infinity, -200, 0, 1000]
    var y = [Float](repeating: -1, count: x.count)
    kernel_exp(&y, x, x.count)
    #expect(y.allSatisfy { $0.isFinite && $0 >= 0 })
    #expect(y[0] < 2e-38 && y[2] < 2e-38 && y[3] == 1)
  }
}
