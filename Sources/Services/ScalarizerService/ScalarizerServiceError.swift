package import RPC
package import Scalarization
package import ServiceKit

/// What the scalarizer refuses.
package enum ScalarizerServiceError: Error, Sendable, Equatable {
  /// A rule, a principle or a number is refused by the library.
  case refused(ScalarizationError)
  /// Neither the configuration nor the request has statistics for a principle.
  case missingNormaliser(principle: String)
  /// The statistics of a request are not usable.
  case invalidNormaliser(principle: String, mean: Double, standardDeviation: Double)
  /// A number whose rewards could not be told from infinity or from nothing.
  case outOfRange(field: String, value: Double, limit: String)
  /// The contract's number of a rule or link is unknown or missing.
  case unknownChoice(field: String, value: Int32)
  /// No configuration was ever given.
  case notConfigured
  /// No configuration has this version.
  case unknownVersion(UInt64, newest: UInt64)
  /// Somebody else changed the configuration first.
  case versionConflict(expected: UInt64, inForce: UInt64)
  /// Two matrices that belong together do not have the same columns or rows.
  case unequalMatrices(reason: String)
  /// The history cannot be kept.
  case storage(ServiceKitError)
}

extension ScalarizerServiceError: RPCErrorConvertible, CustomStringConvertible {
  /// One sentence for people.
  package var description: String {
    switch self {
    case .refused(let error): error.description
    case .missingNormaliser(let principle):
      "principle '\(principle)' has no mean and standard deviation; "
        + "configure them or send them in sources"
    case .invalidNormaliser(let principle, let mean, let deviation):
      "sources: principle '\(principle)' has mean \(mean) and standard deviation \(deviation); "
        + "the mean must be finite and the deviation above 0"
    case .outOfRange(let field, let value, let limit): "\(field): \(value) is not \(limit)"
    case .unknownChoice(let field, let value): "\(field): \(value) is not a known choice"
    case .notConfigured: "no configuration is in force; call Configure first"
    case .unknownVersion(let version, let newest):
      "configuration version \(version) does not exist; the newest is \(newest)"
    case .versionConflict(let expected, let inForce):
      "version \(inForce) is in force, not \(expected); read it with Describe and try again"
    case .unequalMatrices(let reason): reason
    case .storage(let error): error.description
    }
  }

  /// The status that a caller sees.
  package var rpcError: RPCError {
    let code: RPCError.Code =
      switch self {
      case .refused, .missingNormaliser, .invalidNormaliser, .outOfRange, .unknownChoice,
        .unequalMatrices:
        .invalidArgument
      case .notConfigured: .failedPrecondition
      case .unknownVersion: .notFound
      case .versionConflict: .aborted
      case .storage(let error): error.rpcError.code
      }
    return RPCError(code: code, message: description)
  }
}
