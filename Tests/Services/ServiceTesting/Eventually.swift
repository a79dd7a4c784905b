import Foundation
import ServiceKit

/// Tries until something succeeds; throws the last error after 45 seconds.
///
/// For what a service of this process lets go of only after it has stopped: a server's drain timer
/// keeps a connection for up to 30 s. A wrong configuration is thrown at once.
package func eventually<Result>(_ attempt: () throws -> Result) throws -> Result {
  let end = ContinuousClock.now + .seconds(45)
  while true {
    do {
      return try attempt()
    } catch {
      guard mayPass(error), ContinuousClock.now < end else { throw error }
      sched_yield()
    }
  }
}

/// The same for what takes part in concurrency.
package func eventually<Result>(_ attempt: () async throws -> Result) async throws -> Result {
  let end = ContinuousClock.now + .seconds(45)
  while true {
    do {
      return try await attempt()
    } catch {
      guard mayPass(error), ContinuousClock.now < end else { throw error }
      await Task.yield()
    }
  }
}

private func mayPass(_ error: any Error) -> Bool {
  if case .configuration = error as? ServiceKitError { return false }
  return true
}
