import Foundation
import Logging
import ProtobufRuntime
import RPC
import Synchronization
import Testing

/// A server that stands still for half a minute, with clients of the default patience and of less.
///
/// It takes as long as it says, and has a suite of its own so that it does so beside the others.
@Suite(
  .timeLimit(.minutes(3)),
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: FaultServerProcess.program.path),
    "the fault peer has not been built"
  )
)
struct LongPauseTests {
  private typealias Methods = FaultServerProcess.Methods

  private static let pause = Duration.seconds(30)

  /// What became of the calls of one client.
  private struct Outcomes: Sendable {
    var streams: [RPCError?] = []
    var waiting: [RPCError?] = []
    var impatient: [RPCError?] = []
  }

  /// Streams that have begun, then calls into the pause: four that wait as long as a call may, and four
  /// that have five seconds.
  private func calls(
    _ client: RPCClient,
    begun: @escaping @Sendable () -> Void,
    paused: Gate,
    resumed: Gate
  ) async -> Outcomes {
    enum Call { case stream, waiting, impatient }
    return await withTaskGroup(of: (Call, RPCError?).self) { group in
      for _ in 0..<4 {
        group.addTask {
          let error = await failure {
            try await client.serverStreaming(Methods.count, RawMessage()) {
              (replies: RPCStream<RawMessage>) in
              var count = 0
              for try await _ in replies {
                count += 1
                if count == 1 { begun() }
                // What the windows held may still be read; this is more.
                if resumed.isOpen {
                  count += 1
                  if count > 20_000 { return }
                }
              }
            }
          }
          return (.stream, error)
        }
        group.addTask {
          await paused.wait()
          let error = await failure {
            let _: RawMessage = try await client.unary(Methods.echo, RawMessage())
          }
          return (.waiting, error)
        }
        group.addTask {
          await paused.wait()
          let error = await failure {
            let _: RawMessage = try await client.unary(
              Methods.echo,
              RawMessage(),
              options: RPCCallOptions(timeout: .seconds(5))
            )
          }
          #expect(!resumed.isOpen, "a call went on behind its deadline")
          return (.impatient, error)
        }
      }
      return await group.reduce(into: Outcomes()) { outcomes, result in
        switch result.0 {
        case .stream: outcomes.streams.append(result.1)
        case .waiting: outcomes.waiting.append(result.1)
        case .impatient: outcomes.impatient.append(result.1)
        }
      }
    }
  }

  @Test
  func `W34: a server that pauses for 30 s is waited for, or given up after the silence agreed`()
    async throws
  {
    let server = try FaultServerProcess(keepAliveSeconds: 20)
    // 20 s of silence and 20 more: the defaults outlast the pause.
    var configuration = RPCClientConfiguration()
    configuration.retry.attemptsMax = 1
    let patient = try server.client(configuration)
    configuration.limits.keepAlive = .seconds(5)
    let watchful = try server.client(configuration)
    let (paused, resumed) = (Gate(), Gate())
    let begun = Gate(after: 8)
    async let patientOutcomes = calls(patient, begun: begun.open, paused: paused, resumed: resumed)
    async let watchfulOutcomes = calls(
      watchful,
      begun: begun.open,
      paused: paused,
      resumed: resumed
    )
    await begun.wait()
    server.signal(SIGSTOP)
    paused.open()
    try await Task.sleep(for: Self.pause)
    resumed.open()
    server.signal(SIGCONT)

    let patience = await patientOutcomes
    #expect(patience.streams.allSatisfy { $0 == nil }, "\(patience.streams)")
    #expect(patience.waiting.allSatisfy { $0 == nil }, "\(patience.waiting)")
    let watchfulness = await watchfulOutcomes
    for error in watchfulness.streams + watchfulness.waiting {
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("silent") == true, "\(error?.message ?? "no error")")
    }
    for error in patience.impatient + watchfulness.impatient {
      #expect(error?.code == .deadlineExceeded)
    }
    // Both go on, and nothing of the pause is left at the server.
    for client in [patient, watchful] {
      let _: RawMessage = try await client.unary(Methods.echo, RawMessage())
      try await server.waitUntilIdle(client)
      await client.close()
    }
    #expect(server.end(SIGTERM) == 0)
  }
}

/// Opens once, after some number of calls, and lets everybody through from then on.
private final class Gate: Sendable {
  private struct State {
    var missing: Int
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  init(after count: Int = 1) { state = Mutex(State(missing: count)) }

  var isOpen: Bool { state.withLock { $0.missing <= 0 } }

  func open() {
    let waiters = state.withLock { state in
      state.missing -= 1
      guard state.missing <= 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  func wait() async {
    await withCheckedContinuation { waiter in
      let isOpen = state.withLock { state in
        if state.missing > 0 { state.waiters.append(waiter) }
        return state.missing <= 0
      }
      if isOpen { waiter.resume() }
    }
  }
}
