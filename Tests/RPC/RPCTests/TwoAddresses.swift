import NIOCore
import NIOPosix

/// A name with an IPv6 address, which is tried first and where nobody listens, and an IPv4 one.
struct TwoAddresses: Resolver, Sendable {
  let port: Int

  func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses("::1")
  }

  func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
    addresses("127.0.0.1")
  }

  func cancelQueries() {}

  private func addresses(_ address: String) -> EventLoopFuture<[SocketAddress]> {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    do {
      return loop.makeSucceededFuture([try SocketAddress(ipAddress: address, port: port)])
    } catch {
      return loop.makeFailedFuture(error)
    }
  }
}
