package import RPC

/// What stops a run or a call of the policy trainer.
package enum PolicyTrainerServiceError: Error, Sendable, Equatable {
  /// A reward service could not be had for as long as the configuration allows.
  case rewardsUnavailable(service: String, seconds: Double, reason: String)
  /// A reward service refuses what the run asks for.
  case rewardsRefused(service: String, reason: String)
  /// A reward service answered with what cannot be used; nothing of it was used.
  case badReply(service: String, reason: String)
  /// The run was cancelled by a caller.
  case cancelled
  /// The service shuts down.
  case stopping
  /// A run is known under this id with other prompts or settings.
  case runDiffers(id: String)
  /// No run has this id.
  case unknownRun(id: String)
  /// No run is under way.
  case noRun
  /// Another run is under way.
  case otherRun(id: String)
  /// A scalarizer did not pass the checks before a swap.
  case swapRefused(endpoint: String, reason: String)
  /// A file of a run cannot be used.
  case damagedRun(path: String, reason: String)
}

extension PolicyTrainerServiceError: RPCErrorConvertible, CustomStringConvertible {
  /// One sentence for people.
  package var description: String {
    switch self {
    case .rewardsUnavailable(let service, let seconds, let reason):
      "\(service) could not be had for \(Int(seconds)) s: \(reason); start it and train again "
        + "under the same run id to go on from the checkpoint"
    case .rewardsRefused(let service, let reason): "\(service) refuses: \(reason)"
    case .badReply(let service, let reason): "\(service) sent what cannot be used: \(reason)"
    case .cancelled: "the run was cancelled"
    case .stopping: "the service is shutting down; the run goes on from its checkpoint"
    case .runDiffers(let id):
      "run '\(id)' exists with other prompts or settings; choose another run_id"
    case .unknownRun(let id): "run '\(id)' does not exist"
    case .noRun: "no run is under way"
    case .otherRun(let id): "run '\(id)' is under way; wait for it or cancel it"
    case .swapRefused(let endpoint, let reason):
      "the scalarizer at \(endpoint) was not accepted: \(reason); the old one stays in charge"
    case .damagedRun(let path, let reason): "\(path): \(reason)"
    }
  }

  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .rewardsUnavailable, .stopping: .unavailable
      case .rewardsRefused, .runDiffers, .noRun, .otherRun, .swapRefused: .failedPrecondition
      case .badReply, .damagedRun: .dataLoss
      case .cancelled: .cancelled
      case .unknownRun: .notFound
      }
    return RPCError(code: code, message: description)
  }
}
