internal import COpenSSL

/// Where a TLS session finds ciphertext and leaves it, in place of a socket.
///
/// It reads input where the transport has it, and writes output where the transport will take it from.
/// OpenSSL's own memory BIOs would copy both once more, and ask for both again and again (measured: a
/// tenth of a small call's time).
///
/// SAFETY: confined to its event loop, like the session that owns it.
@safe
struct CiphertextPipe: ~Copyable {
  @safe
  fileprivate struct State {
    /// What has come and is not read; lent for the length of a read.
    var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    /// Room for output, lent for the length of a write, and how much of it is used.
    var output = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var outputCount = 0
    /// Output that came when no room was lent, or not enough.
    var overflow: [UInt8] = []
  }

  private let state: UnsafeMutablePointer<State>

  /// A pipe without input and output.
  init() {
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State())
  }

  deinit {
    unsafe state.deinitialize(count: 1)
    unsafe state.deallocate()
  }

  /// The end that a session holds; it must be gone before the pipe is.
  ///
  /// - Returns: nil when memory is out.
  func makeBIO() -> OpaquePointer? {
    guard let method = unsafe CiphertextPipe.method, let bio = unsafe BIO_new(method) else {
      return nil
    }
    unsafe BIO_set_data(bio, UnsafeMutableRawPointer(state))
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  /// Lends input, which must stay where it is until `endInput`.
  func lend(input: UnsafeRawBufferPointer) { unsafe state.pointee.input = unsafe input }

  /// Takes the input back, read or not.
  func endInput() {
    unsafe state.pointee.input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Whether all input has been read.
  var isInputUsedUp: Bool { unsafe state.pointee.input.isEmpty }

  /// Lends room for output while `body` runs.
  ///
  /// - Returns: bytes written to `output`; what did not fit is in the overflow.
  func withRoom<Failure: Error>(
    _ output: UnsafeMutableRawBufferPointer,
    _ body: () throws(Failure) -> Void
  ) throws(Failure) -> Int {
    // What overflowed before goes out before.
    guard !hasOverflow else {
      try body()
      return 0
    }
    unsafe state.pointee.output = unsafe output
    unsafe state.pointee.outputCount = 0
    defer {
      unsafe state.pointee.output = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    try body()
    return unsafe state.pointee.outputCount
  }

  /// Whether output waits that was not written to lent room.
  var hasOverflow: Bool { unsafe !state.pointee.overflow.isEmpty }

  /// Takes that output out.
  func takeOverflow() -> [UInt8] {
    defer { unsafe state.pointee.overflow = [] }
    return unsafe state.pointee.overflow
  }

  // SAFETY: made once, and then only read.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    let number = BIO_get_new_index()
    guard number != -1,
      let method = unsafe BIO_meth_new(number | BIO_TYPE_SOURCE_SINK, "ciphertext pipe")
    else { return nil }
    unsafe BIO_meth_set_read_ex(method, readCiphertext)
    unsafe BIO_meth_set_write_ex(method, writeCiphertext)
    unsafe BIO_meth_set_ctrl(method, controlPipe)
    return unsafe method
  }()
}

/// OpenSSL wants ciphertext.
private func readCiphertext(
  _ bio: OpaquePointer?,
  _ target: UnsafeMutablePointer<CChar>?,
  _ countMax: Int,
  _ countRead: UnsafeMutablePointer<Int>?
) -> Int32 {
  unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
  guard let user = unsafe BIO_get_data(bio), let target = unsafe target else { return 0 }
  let state = unsafe user.assumingMemoryBound(to: CiphertextPipe.State.self)
  let input = unsafe state.pointee.input
  guard let source = input.baseAddress, unsafe !input.isEmpty else {
    unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
    return 0
  }
  let count = min(countMax, input.count)
  unsafe UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count)
  unsafe state.pointee.input = unsafe UnsafeRawBufferPointer(rebasing: input[count...])
  unsafe countRead?.pointee = count
  return 1
}

/// OpenSSL has ciphertext.
private func writeCiphertext(
  _ bio: OpaquePointer?,
  _ source: UnsafePointer<CChar>?,
  _ count: Int,
  _ countWritten: UnsafeMutablePointer<Int>?
) -> Int32 {
  guard let user = unsafe BIO_get_data(bio), let source = unsafe source else { return 0 }
  let state = unsafe user.assumingMemoryBound(to: CiphertextPipe.State.self)
  let bytes = unsafe UnsafeRawBufferPointer(start: source, count: count)
  let used = unsafe state.pointee.outputCount
  if unsafe state.pointee.overflow.isEmpty, unsafe count <= state.pointee.output.count - used,
    let target = unsafe state.pointee.output.baseAddress
  {
    unsafe (target + used).copyMemory(from: source, byteCount: count)
    unsafe state.pointee.outputCount = used + count
  } else {
    unsafe state.pointee.overflow.append(contentsOf: bytes)
  }
  unsafe countWritten?.pointee = count
  return 1
}

/// OpenSSL asks for a flush after each flight; nothing else concerns a pipe.
private func controlPipe(
  _ bio: OpaquePointer?,
  _ command: Int32,
  _ number: Int,
  _ argument: UnsafeMutableRawPointer?
) -> Int {
  command == BIO_CTRL_FLUSH ? 1 : 0
}
