import RPC
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
  @Test func `a folder in place of the file is said so`() {
    let error = #expect(throws: ServiceKitError.self) {
      try ConfigurationLoader(environment: [:]).load([String: String].self, from: "/tmp")
    }
    #expect("\(String(describing: error))".contains("is a folder; give a file in it"))
  }

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
    #expect(configuration.common.precision == .auto)
    #expect(configuration.common.peers.isEmpty)
    #expect(configuration.size == 4)
  }

  @Test func `limits are read over their defaults`() throws {
    let limits = try load(
      sound + "\nlimits: {connections_max: 9, first_byte_timeout_seconds: 0.5}"
    ).common.limits
    #expect(limits.connectionsMax == 9 && limits.firstByteTimeout == .milliseconds(500))
    #expect(limits.handshakesPerSecondMax == 1_000 && limits.callsMax == 1_024)
  }

  private func access(_ text: String) throws -> RPCAccessRules {
    try ConfigurationLoader(environment: [:]).parse(AccessFile.self, text: text, file: "a.yaml")
      .access
  }

  @Test func `access rules are read`() throws {
    let access = try access(
      """
      rules:
        - {identities: [policy-trainer], methods: [morlaif.v1.Scalarizer/*, "*"]}
      revoked: {identities: [bob], serials: ["0A:FF"]}
      """
    )
    #expect(access.rules.first?.identities == ["policy-trainer"])
    #expect(access.rules.first?.methods == ["morlaif.v1.Scalarizer/*", "*"])
    #expect(access.revokedIdentities == ["bob"] && access.revokedSerials == ["aff"])
  }

  @Test(
    arguments: [
      ("rules: [{identities: [], methods: [a/b]}]", "a.yaml: rules[0].identities: needs names"),
      ("rules: [{identities: [x], methods: []}]", "a.yaml: rules[0].methods: is empty"),
      ("rules: [{identities: [x], methods: [Scalarize]}]", "a.yaml: rules[0].methods: 'Scalarize'"),
      ("rules: [{identities: [x], methods: [\"*/b\"]}]", "a.yaml: rules[0].methods: '*/b' is none"),
      ("rules: [{identity: [x], methods: [a/b]}]", "a.yaml: rules[0].identity: is not a known key"),
      ("revoked: {serials: [\"x y z\"]}", "a.yaml: revoked.serials: 'x y z' is no serial"),
      ("allow: 1", "a.yaml: allow: is not a known key"),
    ]
  )
  func `access rules that cannot be used are refused by key`(text: String, expected: String) {
    do {
      _ = try access(text)
      Issue.record("accepted")
    } catch {
      #expect("\(error)".hasPrefix(expected), "\(error)")
    }
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

  @Test(arguments: ["[\"a:1\", \"[::1]:2\"]", "\"a:1, [::1]:2\"", "\"${PEERS:-a:1,[::1]:2}\""])
  func `a peer may have several instances, as a list or as a text with commas`(
    endpoints: String
  ) throws {
    let text =
      sound + "\npeers: {a: {endpoints: \(endpoints), server_name: a, all_addresses: true}}"
    let peer = try #require(try load(text).common.peers["a"])
    #expect(peer.endpoint == "a:1,[::1]:2")
    #expect(peer.serverName == "a")
    #expect(peer.usesAllAddresses)
  }

  @Test(
    arguments: [
      ("listne: 1", "sample.yaml: listne: is not a known key"),
      ("size: 9", "sample.yaml: size: 9 is outside 1 to 8"),
      ("size: many", "sample.yaml: size: "),
      ("log_level: loud", "sample.yaml: log_level: 'loud' is none of"),
      ("precision: f16", "sample.yaml: precision: 'f16' is none of auto, f32, bf16"),
      ("threads: -1", "sample.yaml: threads: -1 is outside"),
      ("peers: {a: {host: x, port: 0}}", "sample.yaml: peers.a.port: 0 is outside 1 to 65535"),
      ("peers: {a: {host: x, prot: 1}}", "sample.yaml: peers.a.prot: is not a known key"),
      ("peers: {a: {host: \"${A}\", port: 1}}", "sample.yaml: peers.a.host: the variable A is not"),
      ("peers: {a: {host: $A, port: 1}}", "sample.yaml: peers.a.host: write $$ for a dollar"),
      (
        "peers: {a: {endpoints: [\"x:1\", \"x\"]}}",
        "sample.yaml: peers.a.endpoints: 'x' is not HOST:PORT"
      ),
      ("peers: {a: {endpoints: []}}", "sample.yaml: peers.a.endpoints: is empty"),
      (
        "peers: {a: {endpoints: \"x:1\", port: 1}}",
        "sample.yaml: peers.a.endpoints: takes the place of host and port"
      ),
      ("peers: [1]", "sample.yaml: peers: "),
      ("limits: {calls_max: 0}", "sample.yaml: limits.calls_max: 0 is outside 1 to 1000000"),
      ("limits: {metadata_bytes_max: 16385}", "sample.yaml: limits.metadata_bytes_max: 16385 is"),
      ("limits: {call_max: 1}", "sample.yaml: limits.call_max: is not a known key"),
      ("access: rules.yaml", "sample.yaml: access: needs tls"),
      ("prometheus: {host: x, port: -1}", "sample.yaml: prometheus.port: -1 is outside"),
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
