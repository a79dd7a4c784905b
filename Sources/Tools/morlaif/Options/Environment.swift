internal import Foundation

/// The variables of this process; only executables read them.
enum Environment {
  /// A variable's value; nil when it is not set or empty.
  static subscript(name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// All of them.
  static var all: [String: String] { ProcessInfo.processInfo.environment }

  /// The user's folder.
  static var home: String { self["HOME"] ?? "." }
}
