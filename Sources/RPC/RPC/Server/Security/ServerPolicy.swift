internal import Synchronization

/// What a server decides about calls, replaceable while connections are open.
///
/// A connection keeps the edition it saw last and asks for another only when the number of the
/// current one has changed; so a call costs one load, not a lock.
final class ServerPolicy: Sendable {
  /// One consistent set of decisions.
  final class Edition: Sendable {
    let number: Int
    let router: RPCRouter
    /// Whether services will be added, so that what is missing is unavailable and not unknown.
    let isLoading: Bool
    /// Nil allows everybody everything.
    let access: RPCAccessRules?

    init(number: Int, router: RPCRouter, isLoading: Bool, access: RPCAccessRules?) {
      self.number = number
      self.router = router
      self.isLoading = isLoading
      self.access = access
    }
  }

  private let number = Atomic<Int>(0)
  private let state: Mutex<Edition>

  /// A policy without methods.
  init(isLoading: Bool, access: RPCAccessRules?) {
    state = Mutex(
      Edition(number: 0, router: RPCRouter(), isLoading: isLoading, access: access)
    )
  }

  /// The edition in force.
  var current: Edition { state.withLock { $0 } }

  /// Whether an edition is still the one in force.
  func isCurrent(_ edition: Edition) -> Bool {
    number.load(ordering: .acquiring) == edition.number
  }

  /// Puts another router in force.
  func change(router: RPCRouter, isLoading: Bool) {
    replace { ($0, router, isLoading, $1.access) }
  }

  /// Puts other rules in force.
  func change(access: RPCAccessRules?) {
    replace { ($0, $1.router, $1.isLoading, access) }
  }

  private func replace(
    _ next: (Int, Edition) -> (Int, RPCRouter, Bool, RPCAccessRules?)
  ) {
    state.withLock { edition in
      let (number, router, isLoading, access) = next(edition.number + 1, edition)
      edition = Edition(number: number, router: router, isLoading: isLoading, access: access)
      self.number.store(number, ordering: .releasing)
    }
  }
}
