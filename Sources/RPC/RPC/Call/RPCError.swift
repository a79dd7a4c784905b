internal import RPCWire

/// Why a call failed: what crosses the wire, and what a client throws.
public struct RPCError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure; gRPC's sixteen codes (WIRE.md section 9).
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The number on the wire, 1 to 16.
    public let rawValue: UInt8

    let status: StatusCode

    init(_ status: StatusCode) {
      self.status = status
      self.rawValue = status.rawValue
    }

    /// The code's name as in `invalidArgument`.
    public var description: String { "\(status)" }

    /// The caller gave up.
    public static let cancelled = Code(.cancelled)
    /// A handler failed without saying how.
    public static let unknown = Code(.unknown)
    /// The request is wrong whatever the state; the message names the field.
    public static let invalidArgument = Code(.invalidArgument)
    /// Time ran out; it may or may not have happened.
    public static let deadlineExceeded = Code(.deadlineExceeded)
    /// A named thing does not exist.
    public static let notFound = Code(.notFound)
    /// A thing to be made exists already.
    public static let alreadyExists = Code(.alreadyExists)
    /// This identity may not do that.
    public static let permissionDenied = Code(.permissionDenied)
    /// A limit is reached; the message names it.
    public static let resourceExhausted = Code(.resourceExhausted)
    /// The service is not in the right state for this.
    public static let failedPrecondition = Code(.failedPrecondition)
    /// Lost against a concurrent change.
    public static let aborted = Code(.aborted)
    /// Past the end.
    public static let outOfRange = Code(.outOfRange)
    /// No such service or method.
    public static let unimplemented = Code(.unimplemented)
    /// An invariant broke.
    public static let `internal` = Code(.internal)
    /// The service cannot be reached, or is stopping.
    public static let unavailable = Code(.unavailable)
    /// Stored data is damaged.
    public static let dataLoss = Code(.dataLoss)
    /// There is no valid identity.
    public static let unauthenticated = Code(.unauthenticated)
  }

  /// What kind of failure it is.
  public var code: Code
  /// What went wrong, naming the field, file or limit, for people.
  public var message: String
  /// What the server sent with its status, or what a handler wants to send.
  public var metadata: RPCMetadata
  /// The error behind this one, on this side of the wire only.
  public var cause: (any Error)?
  /// Whether it is certain that no handler saw the call (W38).
  public internal(set) var isUnprocessed = false

  /// States a failure.
  public init(
    code: Code,
    message: String,
    metadata: RPCMetadata = [:],
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.metadata = metadata
    self.cause = cause
  }

  /// Whether the same call may succeed later without anybody changing anything.
  ///
  /// A call that is not idempotent may have happened unless `isUnprocessed`; the client retries by
  /// itself only where that is safe.
  public var isRetryable: Bool { isUnprocessed || code == .unavailable }

  /// Code and message, for logs and terminals.
  public var description: String {
    cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
  }

  init(_ status: EndStatus) {
    self.init(
      code: Code(status.code),
      message: status.message,
      metadata: RPCMetadata(status.metadata)
    )
    isUnprocessed = status.isUnprocessed
  }

  /// What an error of a handler becomes on the wire.
  init(thrownByHandler error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as any RPCErrorConvertible: self = error.rpcError
    case is CancellationError:
      self.init(code: .cancelled, message: "the handler was cancelled")
    default: self.init(code: .unknown, message: "\(error)", cause: error)
    }
  }

  /// As a handler's word travels (W25: metadata that the peer would refuse stays behind).
  ///
  /// Never `unprocessed` (W38): a handler saw the call, also when its error comes from a call of its own
  /// that nobody saw.
  func status(metadataBytesMax: Int) -> EndStatus {
    let entries = metadata.wireEntries
    let isAcceptable =
      MetadataEntry.refusal(of: entries, bytesMax: metadataBytesMax) == nil
    return EndStatus(
      code: code.status,
      message: message,
      metadata: isAcceptable ? entries : []
    )
  }
}

/// A domain error that knows how it should look on the wire.
public protocol RPCErrorConvertible: Error {
  /// The same error as a caller should see it.
  var rpcError: RPCError { get }
}
