internal import Foundation
internal import Glibc
internal import RunReports

/// A process that was started earlier, told apart from a later one with the same number by its
/// start time.
struct ServiceProcess: Equatable {
  let number: pid_t
  /// Clock ticks since the machine started, as /proc says.
  let startTicks: String

  /// The process with a number, if there is one that is not a zombie.
  init?(number: pid_t) {
    guard let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    // After the name in parentheses: state is field 3, the start time field 22 (proc(5)).
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    self.number = number
    startTicks = String(fields[19])
  }

  /// The process that a file names, if it still runs.
  init?(file path: String) {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let parts = text.split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, let number = pid_t(parts[0]),
      let process = ServiceProcess(number: number), process.startTicks == parts[1]
    else { return nil }
    self = process
  }

  /// Whether it still runs.
  var isRunning: Bool { ServiceProcess(number: number) == self }

  /// Writes the file that `init(file:)` reads.
  func write(to path: String) throws(OperationsError) {
    do throws(RunReportError) {
      try TextFile.write("\(number) \(startTicks)\n", path: path)
    } catch {
      throw .report(error)
    }
  }

  /// Asks it to end, or ends it.
  func send(_ signal: Int32) {
    if isRunning { kill(number, signal) }
  }
}

/// Starts processes that outlive this one.
enum ProcessStart {
  /// Starts a program in a session of its own, so that Ctrl-C in the terminal does not reach it.
  ///
  /// - Parameters:
  ///   - path: of the program.
  ///   - arguments: without the program's name.
  ///   - environment: all variables it gets.
  ///   - log: file that its standard output and error are appended to.
  /// - Returns: its number.
  /// - Throws: `process` with the system's reason.
  static func detached(
    path: String,
    arguments: [String],
    environment: [String: String],
    log: String
  ) throws(OperationsError) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    var defaults = sigset_t()
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID of glibc, which the importer does not see
    unsafe posix_spawnattr_setflags(
      &attributes,
      Int16(Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession)
    )

    let words = [path] + arguments
    let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    let variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      unsafe arguments.forEach { unsafe free($0) }
      unsafe variables.forEach { unsafe free($0) }
    }
    keepDescriptors()
    var number: pid_t = 0
    let code = unsafe posix_spawn(&number, path, &actions, &attributes, arguments, variables)
    guard code == 0 else {
      throw .process(name: path, reason: unsafe String(cString: strerror(code)))
    }
    return number
  }

  /// Keeps files and sockets of this process, and of whoever started it, from what it starts.
  ///
  /// glibc's `posix_spawn_file_actions_addclosefrom_np` is not visible to the importer.
  private static func keepDescriptors() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    for descriptor in names.compactMap(Int32.init) where descriptor > 2 {
      // The one that listed the folder is closed by now.
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  /// How a child ended; nil while it runs.
  static func outcome(of number: pid_t) -> String? {
    var status: Int32 = 0
    guard unsafe waitpid(number, &status, WNOHANG) == number else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? "exit code \(status >> 8 & 0xff)" : "signal \(signal)"
  }
}
