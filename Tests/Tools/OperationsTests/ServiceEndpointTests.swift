import Foundation
import Operations
import RunReports
import Testing

@Suite struct ServiceEndpointTests {
  @Test func `host and port are read, addresses of version 6 in brackets`() throws {
    #expect(
      try ServiceEndpoint(parsing: "10.0.0.7:7103") == ServiceEndpoint(host: "10.0.0.7", port: 7103)
    )
    let six = try ServiceEndpoint(parsing: "[::1]:80")
    #expect(six == ServiceEndpoint(host: "::1", port: 80))
    #expect(six.description == "[::1]:80")
  }

  @Test(arguments: ["", "host", "host:", ":7101", "host:0", "host:65536", "::1:7101", "host:x"])
  func `what is no endpoint is refused`(text: String) {
    #expect(throws: OperationsError.self) { try ServiceEndpoint(parsing: text) }
  }

  @Test func `options change single services`() throws {
    let endpoints = try ServiceEndpoint.all(changedBy: ["scalarizer=h:1"])
    #expect(endpoints[.scalarizer] == ServiceEndpoint(host: "h", port: 1))
    #expect(endpoints[.labeler] == ServiceEndpoint(host: "127.0.0.1", port: 7101))
    #expect(throws: OperationsError.self) { try ServiceEndpoint.all(changedBy: ["judge=h:1"]) }
  }

  @Test func `running services say where they are, and options outrank them`() throws {
    let folder = NSTemporaryDirectory() + "state-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/run",
      withIntermediateDirectories: true
    )
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let state = StateFolder(path: folder)
    try TextFile.write(
      "{\"service\":\"labeler\",\"host\":\"0.0.0.0\",\"port\":4321,\"pid\":1,\"version\":\"9\"}\n",
      path: state.readyFile(of: .labeler)
    )
    #expect(state.ready(.labeler)?.version == "9")
    #expect(
      try state.endpoints(changedBy: [])[.labeler] == ServiceEndpoint(host: "127.0.0.1", port: 4321)
    )
    #expect(
      try state.endpoints(changedBy: ["labeler=h:5"])[.labeler]
        == ServiceEndpoint(host: "h", port: 5)
    )
    #expect(try state.endpoints(changedBy: [])[.scalarizer]?.port == 7103)
  }
}
