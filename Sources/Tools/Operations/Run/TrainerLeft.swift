internal import RPC

/// A training stream that ended in good order but without a result.
enum TrainerLeft {
  /// Makes the call be made again: the trainer is being stopped and will come back from its
  /// checkpoint.
  static let error = RPCError(
    code: .unavailable,
    message: "the trainer ended the stream before the run was finished"
  )
}
