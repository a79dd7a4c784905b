package import RPC

/// The status of a call that must fail.
package func refusal<Result>(
  _ call: () async throws -> Result
) async -> (code: RPCError.Code?, message: String) {
  do {
    _ = try await call()
    return (nil, "the call succeeded")
  } catch let error as RPCError {
    return (error.code, error.message)
  } catch let error as any RPCErrorConvertible {
    return (error.rpcError.code, error.rpcError.message)
  } catch {
    return (nil, "\(error)")
  }
}
