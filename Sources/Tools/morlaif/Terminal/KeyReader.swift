internal import Glibc

/// Keys from standard input: one by one from a terminal, without Enter and without echo; from a pipe or
/// file character by character, blanks and ends of lines left out.
///
/// SAFETY: `original` is plain data that the kernel filled in.
final class KeyReader {
  private let original: termios?

  init() {
    var settings = termios()
    guard isatty(STDIN_FILENO) == 1, unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else {
      original = nil
      return
    }
    original = settings
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
    unsafe tcsetattr(STDIN_FILENO, TCSANOW, &settings)
  }

  deinit { restore() }

  /// Whether somebody sits at a terminal.
  var isTerminal: Bool { original != nil }

  /// Gives the terminal back as it was.
  func restore() {
    guard var original else { return }
    unsafe tcsetattr(STDIN_FILENO, TCSANOW, &original)
  }

  /// The next key; nil at the end of the input.
  func next() -> Character? {
    while true {
      var byte: UInt8 = 0
      let count = unsafe read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { return nil }
      // Keys that send more than a byte, such as arrows, are none of ours: their bytes mean nothing.
      if isTerminal || byte > UInt8(ascii: " ") { return Character(Unicode.Scalar(byte)) }
    }
  }
}
