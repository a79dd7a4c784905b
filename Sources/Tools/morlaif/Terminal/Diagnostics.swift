internal import ArgumentParser
internal import Logging
internal import Operations
internal import RPC
internal import RunReports
internal import ServiceKit

/// Errors as exit codes and one sentence each.
enum Diagnostics {
  /// Connections are silent: what matters comes back as an error.
  static let logger = Logger(label: "morlaif") { _ in
    StandardErrorLogHandler(service: "morlaif", logLevel: .critical)
  }

  /// Runs a command and turns what it throws into a message and an exit code (sysexits.h).
  static func report<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as ExitCode {
      throw error
    } catch let error as CleanExit {
      throw error
    } catch let error as ValidationError {
      throw error
    } catch {
      Output.note("morlaif: \(text(error))")
      throw ExitCode(code(error))
    }
  }

  private static func text(_ error: any Error) -> String {
    guard let error = error as? RPCError else { return "\(error)" }
    guard error.code == .unavailable else {
      return "the service refused (\(error.code)): \(error.message)"
    }
    return "a service cannot be reached: \(error.message); is it up? (morlaif status)"
  }

  private static func code(_ error: any Error) -> Int32 {
    switch error {
    case let error as OperationsError:
      switch error {
      case .usage: 64
      case .settings: 78
      case .input: 65
      case .service: 69
      case .report, .process, .failed: 70
      }
    case let error as RPCError:
      switch error.code {
      case .unavailable, .deadlineExceeded: 69
      case .invalidArgument, .notFound, .outOfRange: 65
      default: 70
      }
    case let error as ServiceKitError: error.exitStatus.rawValue
    default: 70
    }
  }
}
