/// `precision`: the numbers that a base model's weights are kept and multiplied in.
package enum PrecisionSetting: String, Sendable, CaseIterable {
  /// Whatever the processor is fastest in.
  case auto
  /// 32-bit floats.
  case float32 = "f32"
  /// bfloat16: half of the memory, twice the speed where the processor has the instructions.
  case bfloat16 = "bf16"
}
