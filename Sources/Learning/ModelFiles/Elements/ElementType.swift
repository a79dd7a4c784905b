/// How the elements of a stored tensor are encoded.
///
/// Quantised types keep runs of 32 elements in one block with a shared scale.
enum ElementType: Sendable, Equatable {
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary16.
  case float16
  /// The upper half of a binary32.
  case bfloat16
  /// 32 signed bytes with a binary16 scale.
  case q8_0
  /// 32 nibbles minus 8 with a binary16 scale.
  case q4_0
  /// 32 nibbles with a binary16 scale and a binary16 minimum.
  case q4_1
  /// 32 five-bit numbers minus 16 with a binary16 scale.
  case q5_0
  /// 32 five-bit numbers with a binary16 scale and a binary16 minimum.
  case q5_1

  /// The number of elements that are stored together.
  var elementsPerBlock: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1: 32
    }
  }

  /// The number of bytes of one block.
  var bytesPerBlock: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    case .q5_0: 22
    case .q5_1: 24
    }
  }

  /// The bytes that `elements` of this type take, or `nil` when that is no whole number of blocks
  /// or not representable.
  func byteCount(elements: Int) -> Int? {
    guard elements >= 0, elements % elementsPerBlock == 0 else { return nil }
    let (bytes, overflow) = (elements / elementsPerBlock)
      .multipliedReportingOverflow(by: bytesPerBlock)
    return overflow ? nil : bytes
  }
}
