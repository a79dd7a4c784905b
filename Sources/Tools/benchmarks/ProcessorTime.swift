internal import Foundation

/// Time that a process has spent on processors.
///
/// Unlike time on the clock it hardly depends on what else the machine does, so it tells what a call
/// costs also when the machine is busy.
enum ProcessorTime {
  /// All threads of a process, in seconds since it began.
  static func seconds(of process: Int32) -> Double {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else {
      return 0
    }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
