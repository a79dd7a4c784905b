import Glibc
import Logging
import NIOCore
import NIOPosix
import ProtobufRuntime
import RPC
import Testing

/// What a caller is told when nothing answers.
@Suite(.timeLimit(.minutes(1)))
struct ConnectFailureTests {
  /// Calls a name whose addresses a resolver of the test's gives, and returns the error's text.
  private func message(
    host: String,
    port: Int,
    _ resolver: (any Resolver & Sendable)?
  ) async -> String {
    var surroundings = ClientSurroundings.system
    surroundings.resolver = resolver
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    let client = RPCClient(
      targets: [RPCTarget(host: host, port: port)],
      tls: nil,
      configuration: configuration,
      logger: Logger(label: "test"),
      surroundings: surroundings
    )
    let error = await failure {
      let _: RawMessage = try await client.unary(EchoService.Methods.echo, RawMessage())
    }
    await client.close()
    #expect(error?.code == .unavailable)
    #expect(error?.isUnprocessed == true)
    return error?.message ?? ""
  }

  @Test func `every address that was tried is named with its reason`() async throws {
    let port = try RefusingPort()
    let message = await message(host: "rewards", port: port.number, TwoAddresses(port: port.number))
    #expect(message.hasPrefix("cannot reach rewards:\(port.number): ::1: "), "\(message)")
    #expect(message.hasSuffix("; 127.0.0.1: Connection refused"), "\(message)")
  }

  @Test func `a host that is an address is named once`() async throws {
    let port = try RefusingPort()
    let message = await message(host: "127.0.0.1", port: port.number, nil)
    #expect(message == "cannot reach 127.0.0.1:\(port.number): Connection refused")
  }

  @Test func `a name without addresses says so`() async {
    let message = await message(host: "rewards", port: 7_103, NoAddresses())
    #expect(message == "cannot reach rewards:7103: rewards has no address")
  }
}

/// A port that is taken and refuses connections.
private final class RefusingPort: Sendable {
  let number: Int
  private let socket: Int32

  init() throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (socket, status) = withUnsafeMutablePointer(to: &address) { [socket] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        (socket, bind(socket, $0, size) == 0 ? getsockname(socket, $0, &size) : -1)
      }
    }
    guard socket >= 0, status == 0 else {
      throw RPCError(code: .internal, message: "no port to be had")
    }
    number = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(socket) }
}

/// Finds nothing.
private struct NoAddresses: Resolver, Sendable {
  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { none }
  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { none }
  func cancelQueries() {}

  private var none: EventLoopFuture<[SocketAddress]> {
    MultiThreadedEventLoopGroup.singleton.next().makeSucceededFuture([])
  }
}
