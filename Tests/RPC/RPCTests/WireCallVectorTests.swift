import Logging
import ProtobufRuntime
import RPC
import RPCWire
import Testing
import WireVectors

/// The recorded conversations that need calls, not only a connection, against server and client.
@Suite(.timeLimit(.minutes(2)))
struct WireCallVectorTests {
  private static let vectors = WireVector.all.filter(\.needsCalls)

  @Test(arguments: vectors.filter { !$0.isForClient })
  func `a server answers a recorded conversation as its file says`(vector: WireVector) async throws
  {
    var limits = RPCLimits()
    limits.messageBytesMax = vector.limits["message_bytes_max"] ?? limits.messageBytesMax
    let compresses = vector.features == ["zlib"]
    try await withServer(tls: nil, limits: limits, compression: compresses) { harness in
      let peer = try await RawPeer(port: harness.port)
      for case .receives(let bytes) in vector.steps { await peer.send(bytes) }
      let expected = vector.expectations.count { if case .ends = $0 { true } else { false } }
      var ends: [UInt64: EndStatus] = [:]
      var messages: [UInt64: [[UInt8]]] = [:]
      var byteCount = 1
      while ends.count < expected {
        let bytes = try await peer.read(atLeast: byteCount)
        try #require(bytes.count >= byteCount, "\(vector): the server closed the connection")
        byteCount = bytes.count + 1
        ends = [:]
        messages = [:]
        for frame in try parseFrames(bytes) where frame.header.type == .status {
          let end = 4 + frame.payload[..<4].reduce(0) { $0 << 8 | Int($1) }
          ends[frame.header.callID] = try EndStatus(frame.payload.span.bytes, 4..<end)
          guard frame.header.flags.contains(.message) else { continue }
          // Replies this short are sent as they are.
          #expect(!frame.header.flags.contains(.compressed), "\(vector)")
          messages[frame.header.callID, default: []].append(Array(frame.payload[end...]))
        }
      }
      for expectation in vector.expectations {
        switch expectation {
        case .ends(let call, let code, let isUnprocessed):
          #expect(ends[call].map { name("\($0.code)") } == code, "\(vector)")
          #expect(ends[call]?.isUnprocessed == isUnprocessed, "\(vector)")
        case .message(let call, let bytes): #expect(messages[call] == [bytes], "\(vector)")
        default: break
        }
      }
      await peer.close()
    }
  }

  @Test(arguments: vectors.filter(\.isForClient))
  func `a client takes a recorded conversation as its file says`(vector: WireVector) async throws {
    let server = try await RawServer()
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    configuration.compression = vector.features == ["zlib"]
    if let bytesMax = vector.limits["message_bytes_max"] {
      configuration.limits.messageBytesMax = bytesMax
    }
    let client = RPCClient(
      target: RPCTarget(host: "127.0.0.1", port: server.port),
      tls: nil,
      configuration: configuration,
      logger: Logger(label: "test")
    )
    guard case .receives(let hello) = vector.steps.first else { return }
    try await withThrowingTaskGroup(of: (Int, Result<[UInt8], RPCError>).self) { group in
      for (index, kind) in vector.opens.enumerated() {
        #expect(kind == "unary")
        group.addTask {
          do {
            let reply: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
            return (index, .success(reply.bytes))
          } catch let error as RPCError {
            return (index, .failure(error))
          }
        }
        if index == 0 { try await server.send(hello) }
        await server.waitForCalls(index + 1)
      }
      for step in vector.steps.dropFirst() {
        switch step {
        case .receives(let bytes): try await server.send(bytes)
        case .closes: try await server.close()
        case .drains: break
        }
      }
      for try await (index, outcome) in group { check(vector, UInt64(index + 1), outcome) }
    }
    await client.close()
    try await server.close()
  }

  private func check(
    _ vector: WireVector,
    _ callID: UInt64,
    _ outcome: Result<[UInt8], RPCError>
  ) {
    for expectation in vector.expectations {
      switch (expectation, outcome) {
      case (.ends(callID, let code, let isUnprocessed), .failure(let error)):
        #expect(name("\(error.code)") == code, "\(vector): \(error)")
        #expect(error.isUnprocessed == isUnprocessed, "\(vector)")
      case (.ends(callID, let code, _), .success): #expect(code == "OK", "\(vector)")
      case (.message(callID, let bytes), .success(let reply)): #expect(reply == bytes)
      case (.message(callID, _), .failure(let error)): Issue.record("\(vector): \(error)")
      default: break
      }
    }
  }

  /// `invalidArgument` as `INVALID_ARGUMENT`.
  private func name(_ code: String) -> String {
    code.reduce(into: "") { name, letter in
      if letter.isUppercase { name += "_" }
      name += letter.uppercased()
    }
  }
}
