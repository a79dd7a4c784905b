internal import CKernels
internal import Foundation

/// The instructions that products with packed weights use.
///
/// Every level gives the same bits in bfloat16; in float32 `plain` rounds each product before it is
/// added, and the others do not.
package enum KernelLevel: Int, Sendable, CaseIterable, Comparable {
  /// Those of every processor of the architecture.
  case plain
  /// AVX2 with fused multiplication and addition.
  case avx2
  /// AVX-512.
  case avx512
  /// AVX-512 with products of bfloat16 numbers.
  case avx512BFloat16

  /// The most that this processor has, or less where `MORLAIF_KERNEL_LEVEL` names a lower one, as
  /// tests do.
  package static let detected = level(
    atMost: ProcessInfo.processInfo.environment["MORLAIF_KERNEL_LEVEL"],
    of: KernelLevel(rawValue: Int(kernel_level_detected().rawValue)) ?? .plain
  )

  /// The levels that this processor has, the least first.
  package static var available: [KernelLevel] { allCases.filter { $0 <= detected } }

  /// Whether the right level has more instructions.
  package static func < (left: KernelLevel, right: KernelLevel) -> Bool {
    left.rawValue < right.rawValue
  }

  /// The lower of a level by its name and `most`; `most` for any other name.
  package static func level(atMost name: String?, of most: KernelLevel) -> KernelLevel {
    let wanted = allCases.first { "\($0)" == name } ?? most
    return min(wanted, most)
  }

  /// The kernels' word for it.
  var kernel: kernel_level {
    switch self {
    case .plain: kernel_level_plain
    case .avx2: kernel_level_v3
    case .avx512: kernel_level_v4
    case .avx512BFloat16: kernel_level_v4_bf16
    }
  }
}
