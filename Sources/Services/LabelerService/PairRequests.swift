internal import Labeling
internal import Messages
internal import RPC
internal import ServiceKit

/// The pairs of a caller's stream, after its settings were taken off.
struct PairRequests: AsyncSequence, Sendable {
  typealias Element = Labeling.PreferencePair

  struct Iterator: AsyncIteratorProtocol {
    var base: RPCStream<Messages.LabelRequest>.AsyncIterator

    mutating func next() async throws -> Labeling.PreferencePair? {
      guard let request = try await base.next() else { return nil }
      guard case .pair(let pair) = request.kind else {
        throw MessageChecks.refusal("every message after the settings must be a pair")
      }
      return Labeling.PreferencePair(pair)
    }
  }

  private let requests: RPCStream<Messages.LabelRequest>

  /// Takes a stream whose settings were read.
  init(_ requests: RPCStream<Messages.LabelRequest>) {
    self.requests = requests
  }

  func makeAsyncIterator() -> Iterator {
    Iterator(base: requests.makeAsyncIterator())
  }
}
