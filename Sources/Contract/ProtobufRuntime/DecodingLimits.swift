/// What a peer's bytes may cost us while they are decoded.
public struct DecodingLimits: Sendable, Equatable {
  /// Most bytes of one encoded message.
  public var byteCountMax: Int
  /// Most bytes of memory that decoding one message may take before it becomes a Swift value.
  public var arenaByteCountMax: Int
  /// Most messages inside each other, the outermost included.
  public var depthMax: Int

  /// Makes limits.
  ///
  /// - Parameters:
  ///   - byteCountMax: most bytes of one encoded message.
  ///   - arenaByteCountMax: most bytes of memory while decoding; by default 64 KiB and eight
  ///     times `byteCountMax`, since honest messages grow by two to four when decoded.
  ///   - depthMax: most messages inside each other.
  public init(
    byteCountMax: Int = 64 << 20,
    arenaByteCountMax: Int? = nil,
    depthMax: Int = 32
  ) {
    let (product, overflow) = byteCountMax.multipliedReportingOverflow(by: 8)
    self.byteCountMax = byteCountMax
    self.arenaByteCountMax = arenaByteCountMax ?? (overflow ? .max : max(product, 0) + (64 << 10))
    self.depthMax = depthMax
  }

  /// 64 MiB a message, 512 MiB of memory, 32 deep.
  public static let `default` = DecodingLimits()
}
