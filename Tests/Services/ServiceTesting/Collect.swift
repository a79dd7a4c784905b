package import RPC

/// All messages of a stream.
package func collect<Element>(_ stream: RPCStream<Element>) async throws -> [Element] {
  var all: [Element] = []
  for try await element in stream { all.append(element) }
  return all
}
