import ServiceKit
import Testing

/// A configuration with the common sections and one key of its own.
private struct SampleConfiguration: ServiceConfiguration {
  var common: CommonConfiguration
  var size: Int

  private enum Keys: String, CodingKey, CaseIterable {
    case size
  }

  init(from decoder: any Decoder) throws {
    common = try CommonConfiguration(from: decoder, besides: ["size"])
    let values = try SectionValues(
      decoder,
      keys: Keys.self,
      alsoKnown: CommonConfiguration.keyNames
    )
    size = try values.number(.size, default: 4, in: 1...8)
  }
}

@Suite struct ConfigurationLoaderTests {
  private func load(
    _ text: String,
    environment: [String: String] = [:]
  ) throws -> SampleConfiguration {
    try ConfigurationLoader(environment: environment)
      .parse(SampleConfiguration.self, text: text, file: "sample.yaml", folder: "/etc/sample")
  }

  private func refusal(_ text: String, environment: [String: String] = [:]) -> String {
    do {
      _ = try load(text, environment: environment)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  private let sound = """
    listen: {host: 127.0.0.1, port: 7100}
    tls: off
    data: store
    """

  @Test func `a sound file is read with its defaults`() throws {
    let configuration = try load(sound)
    #expect(configuration.common.listen == ListenSection(host: "127.0.0.1", port: 7100))
    #expect(configuration.common.tls == nil)
    #expect(configuration.common.logLevel == "info")
    #expect(configuration.common.threads == 0)
    #expect(configuration.common.peers.isEmpty)
    #expect(configuration.size == 4)
  }

  @Test func `variables take the environment's value or their default`() throws {
    let text = """
      listen: {host: "${HOST:-127.0.0.1}", port: "${PORT:-7100}"}
      tls: off
      data: ${CONFIGURATION_FOLDER}/$${HOME}
      peers: {other: {host: "${OTHER:-${FALLBACK:-localhost}}", port: 9}}
      """
    let byDefault = try load(text)
    #expect(byDefault.common.listen == ListenSection(host: "127.0.0.1", port: 7100))
    #expect(byDefault.common.data == "/etc/sample/${HOME}")
    #expect(byDefault.common.peers["other"]?.endpoint == "localhost:9")
    let byEnvironment = try load(text, environment: ["HOST": "::1", "PORT": "0"])
    #expect(byEnvironment.common.listen == ListenSection(host: "::1", port: 0))
  }

  @Test func `a certificate section is read`() throws {
    let configuration = try load(
      """
      listen: {host: 0.0.0.0, port: 0}
      tls: {certificate: a.pem, key: a.key, authority: ca.pem}
      data: store
      peers: {labeler: {host: labeler, port: 7101, server_name: judge}}
      """
    )
    #expect(configuration.common.tls?.authority == "ca.pem")
    #expect(configuration.common.peers["labeler"]?.serverName == "judge")
  }

  @Test(
    arguments: [
      ("listne: 1", "sample.yaml: listne: is not a known key"),
      ("size: 9", "sample.yaml: size: 9 is outside 1 to 8"),
      ("size: many", "sample.yaml: size: "),
      ("log_level: loud", "sample.yaml: log_level: 'loud' is none of"),
      ("threads: -1", "sample.yaml: threads: -1 is outside"),
      ("peers: {a: {host: x, port: 0}}", "sample.yaml: peers.a.port: 0 is outside 1 to 65535"),
      ("peers: {a: {host: x, prot: 1}}", "sample.yaml: peers.a.prot: is not a known key"),
      ("peers: {a: {host: \"${A}\", port: 1}}", "sample.yaml: peers.a.host: the variable A is not"),
      ("peers: {a: {host: $A, port: 1}}", "sample.yaml: peers.a.host: write $$ for a dollar"),
      ("peers: [1]", "sample.yaml: peers: "),
    ]
  )
  func `what cannot be used is refused by file and key`(line: String, expected: String) {
    let message = refusal(sound + "\n" + line)
    #expect(message.hasPrefix(expected), "\(message)")
  }

  @Test func `a missing section is refused by name`() {
    #expect(refusal("tls: off\ndata: store") == "sample.yaml: listen: is missing")
    #expect(
      refusal("listen: {host: localhost, port: 0}\ndata: s") == "sample.yaml: tls: is missing"
    )
    #expect(refusal("") == "sample.yaml: is empty")
  }

  @Test func `a required variable says what to do`() {
    let message = refusal(sound + "\nsize: ${SIZE:?set SIZE to a number}")
    #expect(
      message == "sample.yaml: size: the variable SIZE is not set: set SIZE to a number"
    )
  }

  @Test func `no encryption is refused where other machines can connect`() {
    let message = refusal("listen: {host: 0.0.0.0, port: 1}\ntls: off\ndata: s")
    #expect(message.hasPrefix("sample.yaml: tls: off is allowed on 127.0.0.1"))
  }

  @Test func `text that is no YAML is refused in one line`() {
    let message = refusal("listen: {host")
    #expect(message.hasPrefix("sample.yaml: "))
    #expect(!message.contains("\n"))
  }

  @Test(arguments: ["localhost", "localhost:", ":80", "localhost:65536", "a:-1"])
  func `a listen option that is no address is refused`(option: String) {
    #expect(throws: ServiceKitError.self) { try ListenSection(option: option) }
  }

  @Test func `a listen option may hold an IPv6 address`() throws {
    #expect(try ListenSection(option: "[::1]:80") == ListenSection(host: "::1", port: 80))
  }
}
