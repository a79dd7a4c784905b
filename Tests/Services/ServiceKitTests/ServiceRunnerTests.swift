import Foundation
import RPC
import ServiceKit
import ServiceTesting
import Testing

/// A service without methods of its own.
private enum EmptyDefinition: ServiceDefinition {
  static let name = "empty"
  static var methods: [RPCMethod] { [] }

  struct Configuration: ServiceConfiguration {
    var common: CommonConfiguration

    init(from decoder: any Decoder) throws {
      common = try CommonConfiguration(from: decoder)
    }
  }

  static func assemble(
    _ configuration: Configuration,
    in context: ServiceContext
  ) async throws -> ServiceAssembly {
    ServiceAssembly(services: [])
  }
}

@Suite struct ServiceRunnerTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func run(
    _ text: String,
    data: String? = nil,
    listen: String? = nil
  ) async throws -> ServiceKit.ExitStatus {
    let file = folder.file("service.yaml")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let options = ServiceOptions(
      config: file,
      data: data ?? folder.file("data"),
      listen: listen,
      readyFile: folder.file("ready")
    )
    return await ServiceRunner<EmptyDefinition>(options: options, environment: [:]).run()
  }

  private let sound = "listen: {host: 127.0.0.1, port: 0}\ntls: off\ndata: unused\n"

  @Test func `a wrong configuration ends with 78`() async throws {
    #expect(try await run("listen: 1") == .configuration)
    let missing = """
      listen: {host: 127.0.0.1, port: 0}
      tls: {certificate: /nowhere/a.pem, key: /nowhere/a.key, authority: /nowhere/ca.pem}
      data: unused
      """
    #expect(try await run(missing) == .configuration)
    #expect(ServiceKit.ExitStatus.configuration.rawValue == 78)
  }

  @Test func `a wrong option ends with 64`() async throws {
    #expect(try await run(sound, listen: "nowhere") == .usage)
    #expect(try await run(sound, listen: "0.0.0.0:0") == .usage)
  }

  @Test func `a data folder in use ends with 69`() async throws {
    let holder = try DataFolder(folder.file("held"))
    #expect(try await run(sound, data: holder.path) == .unavailable)
  }

  @Test func `a port in use ends with 69`() async throws {
    let status = try await TestService.run([]) { _, section in
      try await run(sound, listen: section.endpoint)
    }
    #expect(status == .unavailable)
    #expect(!FileManager.default.fileExists(atPath: folder.file("ready")))
  }

  @Test func `a running service announces itself and ends when it is cancelled`() async throws {
    let task = Task { try await run(sound) }
    let ready = folder.file("ready")
    struct Ready: Decodable { let service: String, version: String, port: Int, pid: Int32 }
    while !FileManager.default.fileExists(atPath: ready) { await Task.yield() }
    let content = try JSONDecoder().decode(
      Ready.self,
      from: Data(contentsOf: URL(fileURLWithPath: ready))
    )
    #expect(content.service == "empty" && content.port > 0 && content.pid > 0)
    #expect(content.version == ProjectVersion.text)
    task.cancel()
    _ = try await task.value
  }
}
