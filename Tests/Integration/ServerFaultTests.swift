import ChildProcesses
import Foundation
import Messages
import RPC
import ServiceStubs
import Synchronization
import Testing

/// Real services while something is wrong around them.
@Suite(
  .enabled(if: Program.isBuilt, "the executables have not been built"),
  .timeLimit(.minutes(5)),
  .serialized
)
struct ServerFaultTests {
  let cluster: Cluster

  init() throws {
    cluster = try Cluster([])
  }

  @Test(.enabled(if: openFilesMax > 5_200, "this user may not open 5,200 files"))
  func `5,000 idle connections cost little and the service still answers`() async throws {
    // How fast this machine can connect is not what is tested.
    let member = try cluster.start(
      "scalarizer",
      settings: "limits: {handshakes_per_second_max: 0}"
    )
    let observer = cluster.client(of: "scalarizer")
    let before = try await cluster.metrics(observer)
    let clients = Process()
    clients.executableURL = Program.folder.appendingPathComponent("FaultPeer")
    clients.arguments =
      ["idle", "\(member.port)", "5000", "scalarizer"]
      + ["client.pem", "client.key", "ca.pem"].map { "\(cluster.certificates)/\($0)" }
    let (input, output) = (Pipe(), Pipe())
    clients.standardInput = input
    clients.standardOutput = output
    try clients.run()
    let said = await firstData(of: output.fileHandleForReading)
    try #require(said == Data("ready\n".utf8))
    let after = try await cluster.metrics(observer)
    #expect(after["rpc_server_open_connections"] == 5_001)
    let memory = "process_resident_memory_bytes"
    let bytes = (try #require(after[memory]) - #require(before[memory])) / 5_000
    #expect(bytes < 65_536, "\(bytes) bytes an idle connection")
    var times: [Duration] = []
    for _ in 0..<200 {
      let start = ContinuousClock.now
      _ = try await HealthClient(observer).check(HealthRequest())
      times.append(ContinuousClock.now - start)
    }
    times.sort()
    // The bound on the time is kept by `benchmarks rpc`, on a machine that does nothing else.
    print("5,000 idle connections: \(Int(bytes)) bytes each, a call takes \(times[100]) (median)")
    try input.fileHandleForWriting.close()
    #expect(clients.reap() == 0)
    await observer.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  /// What comes first, or nothing at the end.
  private func firstData(of handle: FileHandle) async -> Data {
    await withCheckedContinuation { continuation in
      handle.readabilityHandler = { handle in
        handle.readabilityHandler = nil
        continuation.resume(returning: handle.availableData)
      }
    }
  }

  /// How many files a process of this user may open.
  private static var openFilesMax: Int {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
      ? Int(clamping: limit.rlim_max) : 0
  }

  @Test func `SIGTERM loses no accepted call`() async throws {
    let server = try cluster.start("scalarizer").process.processIdentifier
    let tally = Tally()
    let clients = (0..<4).map { _ in cluster.client(of: "scalarizer") }
    await withTaskGroup(of: Void.self) { tasks in
      for index in 0..<32 {
        let client = clients[index % clients.count]
        tasks.addTask {
          while true {
            do throws(RPCError) {
              _ = try await HealthClient(client).check(HealthRequest())
              if tally.answer() == 2_000 { kill(server, SIGTERM) }
            } catch {
              return tally.add(error)
            }
          }
        }
      }
    }
    for client in clients { await client.close() }
    let (answered, turnedAway, lost) = tally.result
    #expect(lost.isEmpty, "\(lost)")
    #expect(answered >= 2_000)
    #expect(turnedAway == 32)
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `a service killed in the middle of streams ends them clearly and is found again`()
    async throws
  {
    try cluster.start("scalarizer")
    let client = cluster.client(of: "scalarizer")
    let streams = (0..<4).map { _ in AsyncStream.makeStream(of: Void.self) }
    let errors = await withTaskGroup(of: RPCError?.self) { tasks in
      for (_, began) in streams {
        tasks.addTask {
          await failure {
            try await HealthClient(client).watch(HealthRequest()) { replies in
              for try await _ in replies { began.yield() }
            }
          }
        }
      }
      for (begun, _) in streams { for await _ in begun { break } }
      #expect(throws: Never.self) { try cluster.crash("scalarizer") }
      return await tasks.reduce(into: []) { $0.append($1) }
    }
    #expect(errors.map { $0?.code } == [.unavailable, .unavailable, .unavailable, .unavailable])
    try cluster.start("scalarizer")
    _ = try await HealthClient(client).check(HealthRequest())
    await client.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  /// Stops a process, and returns when none of its threads runs any more.
  private func pause(_ process: Int32) throws {
    kill(process, SIGSTOP)
    var state = siginfo_t()
    // It stays a child whose end is to be waited for.
    guard waitid(P_PID, id_t(process), &state, WSTOPPED | WNOWAIT) == 0 else {
      throw POSIXError(.init(rawValue: errno) ?? .ECHILD)
    }
  }

  @Test func `a service that is paused lets calls run into their deadline and then goes on`()
    async throws
  {
    let server = try cluster.start("scalarizer", variables: ["MORLAIF_LOG_LEVEL": "debug"])
      .process.processIdentifier
    let client = cluster.client(of: "scalarizer")
    _ = try await HealthClient(client).check(HealthRequest())
    try pause(server)
    let options = RPCCallOptions(timeout: .milliseconds(200))
    for _ in 0..<3 {
      let error = await failure {
        _ = try await HealthClient(client).check(HealthRequest(), options: options)
      }
      #expect(error?.code == .deadlineExceeded)
    }
    kill(server, SIGCONT)
    _ = try await HealthClient(client).check(HealthRequest())
    await client.close()
    try cluster.waitUntilForgotten(by: "scalarizer")
    let observer = cluster.client(of: "scalarizer")
    // The snapshot is a call itself.
    let metrics = try await cluster.metrics(observer)
    #expect(metrics["rpc_server_open_calls"] == 1)
    #expect(metrics["rpc_server_open_connections"] == 1)
    await observer.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  /// The pause is as long as the configured silence, not the 40 seconds of the defaults.
  @Test func `W34: a client that is paused is given up and hears of it when it goes on`()
    async throws
  {
    try cluster.start(
      "scalarizer",
      settings: "limits: {keep_alive_seconds: 1}",
      variables: ["MORLAIF_LOG_LEVEL": "debug"]
    )
    let output = cluster.folder.path("watch.txt")
    let watching = try cluster.launch(
      ["call", cluster.endpoint("scalarizer"), "morlaif.v1.Health/Watch", "{}"],
      output: output
    )
    try cluster.wait(for: "first reply") {
      try String(contentsOfFile: output, encoding: .utf8).contains("SERVING_STATUS_SERVING")
    }
    try pause(watching.processIdentifier)
    try cluster.line(of: "scalarizer", with: "is silent; taken for dead")
    kill(watching.processIdentifier, SIGCONT)
    #expect(watching.reap() == 69)
    let told = try String(contentsOfFile: output, encoding: .utf8)
    #expect(told.contains("morlaif: a service cannot be reached: "), "\(told)")
    try cluster.waitUntilForgotten(by: "scalarizer")
    let client = cluster.client(of: "scalarizer")
    let metrics = try await cluster.metrics(client)
    #expect(metrics["rpc_server_open_calls"] == 1)
    #expect(metrics["rpc_server_open_connections"] == 1)
    await client.close()
    #expect(try cluster.stop("scalarizer") == 0)
  }

  @Test func `a service that loads is alive, says so, refuses calls and can be stopped`()
    async throws
  {
    // A model that nobody writes is never read to its end.
    let model = cluster.folder.path("model.gguf")
    #expect(mkfifo(model, 0o600) == 0)
    let process = try cluster.begin("policy-trainer", variables: ["MORLAIF_MODEL": model])
    try cluster.line(of: "policy-trainer", with: ": listening ")
    let client = cluster.client(of: "policy-trainer")
    for service in ["", "morlaif.v1.PolicyTrainer"] {
      let reply = try await HealthClient(client).check(HealthRequest(service: service))
      #expect(reply.status == .starting)
    }
    let error = await failure {
      _ = try await PolicyTrainerClient(client).status(StatusRequest())
    }
    #expect(
      error?.code == .unavailable && error?.isUnprocessed == true,
      "\(String(describing: error))"
    )
    #expect(error?.message.contains("still loading") == true)
    await client.close()
    process.terminate()
    #expect(process.reap() == 0)
  }

  @Test func `a service that morlaif up has listen elsewhere is found there by the others`() throws
  {
    let certificates = cluster.folder.path("more-certificates")
    let place = ["--state", cluster.folder.path("state"), "--certificates", certificates]
    let made = ["certificates", "--directory", certificates, "--host", "127.0.0.2"]
    try cluster.expectSuccess(Program.run("morlaif", made))
    let config = Program.projectRoot.appendingPathComponent("compose/config").path
    let labeler = "127.0.0.2:\(try Socket.freePort(of: 0x7f00_0002))"
    let started = try Program.run(
      "morlaif",
      ["up", "labeler", "preference-model", "--config", config]
        + ["--listen", "labeler=\(labeler)"] + place,
      environment: ["PREFERENCE_MODEL_PORT": "0", "MORLAIF_MODEL": Program.tinyModel]
    )
    #expect(started.status == 0, "\(started.errors)")
    // The preference-model asks the labeler for what it shall learn from.
    let train = ["train-preferences", "--dataset", "nothing", "--adapter", "none"] + place
    let asked = try Program.run("morlaif", train)
    #expect(asked.status != 0)
    #expect(asked.errors.contains("'nothing' does not exist"), "\(asked.errors)")
    try cluster.expectSuccess(Program.run("morlaif", ["down", "labeler"] + place))
    let refused = try Program.run("morlaif", train)
    #expect(refused.errors.contains("labeler at \(labeler)"), "\(refused.errors)")
    try cluster.expectSuccess(Program.run("morlaif", ["down"] + place))
  }

  @Test func `a service that morlaif up starts inherits no open files`() throws {
    let marker = cluster.folder.path("marker")
    try Data().write(to: URL(fileURLWithPath: marker))
    let state = cluster.folder.path("state")
    let morlaif = Program.folder.appendingPathComponent("morlaif").path
    let place = "--state '\(state)' --certificates '\(cluster.certificates)'"
    let config = Program.projectRoot.appendingPathComponent("compose/config").path
    let up =
      "export SCALARIZER_PORT=0; exec 7<'\(marker)' 8>>'\(marker)'; "
      + "'\(morlaif)' up scalarizer --config '\(config)' \(place)"
    let started = try Program.run("/bin/bash", ["-c", up])
    #expect(started.status == 0, "\(started.errors)")
    let file = try String(contentsOfFile: "\(state)/run/scalarizer.pid", encoding: .utf8)
    let number = try #require(file.split(separator: " ").first)
    let folder = "/proc/\(number)/fd"
    let open = try FileManager.default.contentsOfDirectory(atPath: folder)
      .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
    let stopped = try Program.run("/bin/bash", ["-c", "'\(morlaif)' down \(place)"])
    #expect(stopped.status == 0, "\(stopped.errors)")
    #expect(open.count > 3)
    #expect(!open.contains(marker), "\(open)")
  }
}

/// How calls ended.
private final class Tally: Sendable {
  private let state = Mutex((answered: 0, turnedAway: 0, lost: [RPCError]()))

  var result: (answered: Int, turnedAway: Int, lost: [RPCError]) { state.withLock { $0 } }

  /// One more answer; how many there are.
  func answer() -> Int {
    state.withLock { state in
      state.answered += 1
      return state.answered
    }
  }

  func add(_ error: RPCError) {
    state.withLock { state in
      // Told that nobody has seen the call: it may go elsewhere, nothing is lost.
      if error.isUnprocessed, error.code == .unavailable {
        state.turnedAway += 1
      } else {
        state.lost.append(error)
      }
    }
  }
}
