import Tensors
import Testing

@Suite struct KernelLevelTests {
  @Test(
    arguments: [
      ("avx2", .avx512, .avx2), ("avx512BFloat16", .avx2, .avx2), (nil, .avx512, .avx512),
      ("fast", .avx2, .avx2), ("plain", .avx512BFloat16, .plain),
    ] as [(String?, KernelLevel, KernelLevel)]
  )
  func `a name lowers the level of the processor and never raises it`(
    name: String?,
    most: KernelLevel,
    expected: KernelLevel
  ) {
    #expect(KernelLevel.level(atMost: name, of: most) == expected)
  }
}
