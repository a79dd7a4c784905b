import Messages
import ProtobufRuntime

/// The number that stands for a message in an input: it does not change when others are added.
private func number(_ name: String) -> UInt16 {
  name.utf8.reduce(UInt16(0x811c)) { ($0 ^ UInt16($1)) &* 0x0193 }
}

private let kinds: [UInt16: any ProtobufMessage.Type] = Dictionary(
  messageKinds.map { (number($0.protobufName), $0) },
  uniquingKeysWith: { first, _ in first }
)

/// Small enough that a few bytes can reach them.
private let limits = DecodingLimits(byteCountMax: 1 << 16, arenaByteCountMax: 1 << 20)

/// What was decoded, encoded and decoded again, is encoded to the same bytes.
private func check<Message: ProtobufMessage>(_ kind: Message.Type, _ bytes: UnsafeRawBufferPointer)
{
  guard let message = try? Message(protobuf: bytes, limits: limits) else { return }
  do {
    let once = try message.encoded()
    let twice = try Message(protobuf: once).encoded()
    precondition(once == twice, "\(kind.protobufName) changes when it is sent on")
  } catch {
    preconditionFailure("\(kind.protobufName) was decoded but cannot be sent on: \(error)")
  }
}

/// Any bytes are a message or a refusal, whatever message they claim to be.
///
/// The first two bytes choose the message by the hash of its name, or else by its place in the list.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessages(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let data, count >= 2 else { return 0 }
  let choice = UInt16(data[0]) << 8 | UInt16(data[1])
  let kind = kinds[choice] ?? messageKinds[Int(choice) % messageKinds.count]
  check(kind, UnsafeRawBufferPointer(start: data + 2, count: count - 2))
  return 0
}
