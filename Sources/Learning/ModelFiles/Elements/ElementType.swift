/// How the elements of a stored tensor are encoded.
///
/// Quantised types keep runs of 32 elements in one block with a shared scale; the K types keep 256,
/// in parts with scales of their own that are quantised, too.
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
  /// 256 nibbles in 8 parts; a 6-bit scale and a 6-bit minimum for each, over two binary16 factors.
  case q4_K
  /// 256 five-bit numbers, otherwise as `q4_K`.
  case q5_K
  /// 256 six-bit numbers minus 32 in 16 parts; a signed byte as scale for each, over one binary16.
  case q6_K

  /// The types that GGUF files may have, with their numbers there, for reading and for messages.
  static let ggufTypes: [(number: UInt32, name: String, type: ElementType)] = [
    (0, "F32", .float32), (1, "F16", .float16), (30, "BF16", .bfloat16), (8, "Q8_0", .q8_0),
    (2, "Q4_0", .q4_0), (3, "Q4_1", .q4_1), (6, "Q5_0", .q5_0), (7, "Q5_1", .q5_1),
    (12, "Q4_K", .q4_K), (13, "Q5_K", .q5_K), (14, "Q6_K", .q6_K),
  ]

  /// The number of elements that are stored together.
  var elementsPerBlock: Int {
    switch self {
    case .float32, .float16, .bfloat16: 1
    case .q8_0, .q4_0, .q4_1, .q5_0, .q5_1: 32
    case .q4_K, .q5_K, .q6_K: 256
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
    case .q4_K: 144
    case .q5_K: 176
    case .q6_K: 210
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
