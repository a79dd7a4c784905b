internal import CKernels

/// The numbers that fixed weights are kept and multiplied in.
package enum Precision: String, Sendable, CaseIterable, Codable {
  /// 32-bit floats: 24 significant bits.
  case float32 = "f32"
  /// The upper half of 32-bit floats: 8 significant bits.
  case bfloat16 = "bf16"

  /// What the processor is fastest in: bfloat16 where it multiplies such numbers itself.
  package static var fastest: Precision {
    KernelLevel.detected >= .avx512BFloat16 ? .bfloat16 : .float32
  }

  /// The kernels' word for it.
  var element: kernel_element {
    switch self {
    case .float32: kernel_f32
    case .bfloat16: kernel_bf16
    }
  }
}
