internal import Glibc

/// How many files and sockets the process may open.
enum OpenFileLimit {
  /// Kept for files of the service itself.
  static let reserve = 128

  /// Raises the soft limit to the hard one.
  ///
  /// - Returns: how many connections that leaves room for.
  static func raise() -> Int {
    var limit = rlimit()
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard unsafe getrlimit(kind, &limit) == 0 else { return .max }
    if limit.rlim_cur < limit.rlim_max {
      let soft = limit.rlim_cur
      limit.rlim_cur = limit.rlim_max
      if unsafe setrlimit(kind, &limit) != 0 { limit.rlim_cur = soft }
    }
    return max(1, Int(clamping: limit.rlim_cur) - reserve)
  }
}
