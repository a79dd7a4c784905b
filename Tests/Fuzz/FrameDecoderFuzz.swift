import RPCWire

/// What a decoder found in some bytes, wherever they were cut.
private struct Findings: Equatable {
  var headers: [FrameHeader] = []
  var payloads: [[UInt8]] = []
  var error: WireError?

  /// Feeds `bytes` in pieces and notes every frame; every `skipEvery`th payload is dropped.
  init(_ bytes: [UInt8], pieceBytes: (Int) -> Int, skipEvery: Int) {
    var decoder = FrameDecoder(framePayloadBytesMax: 65_536)
    var start = 0
    var piece = 0
    do throws(WireError) {
      while start < bytes.count {
        let end = min(bytes.count, start + max(1, pieceBytes(piece)))
        let input = Array(bytes[start..<end])
        var offset = 0
        reading: while true {
          switch try decoder.advance(input.span.bytes, &offset) {
          case .needsInput: break reading
          case .header(let header):
            headers.append(header)
            if skipEvery > 0, headers.count % skipEvery == 0 { decoder.skipPayload() }
          case .frame(let header, let range):
            precondition(range.count == header.length && range.upperBound <= input.count)
            payloads.append(Array(input[range]))
          case .gatheredFrame(let header):
            precondition(decoder.gatheredPayload.count == header.length)
            payloads.append(decoder.gatheredPayload)
          case .skippedFrame: break
          }
          precondition(offset <= input.count)
          precondition(decoder.heldByteCount <= 65_536)
        }
        precondition(offset == input.count)
        start = end
        piece += 1
      }
    } catch {
      self.error = error
    }
  }
}

/// Any bytes, cut anywhere, are the same frames or the same refusal.
///
/// The first byte says how the rest is cut and which payloads are dropped.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrameDecoder(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count > 1 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
  let skipEvery = Int(data[0] >> 6)
  let step = Int(data[0] & 63)
  let whole = Findings(bytes, pieceBytes: { _ in bytes.count }, skipEvery: skipEvery)
  let cut = Findings(bytes, pieceBytes: { 1 + ($0 * step) % 41 }, skipEvery: skipEvery)
  precondition(whole == cut, "the cut of the input changed what was found")
  return 0
}
