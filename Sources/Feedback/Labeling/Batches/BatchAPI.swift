internal import Foundation

/// OpenAI's batch API: files, batches and their results.
struct BatchAPI: Sendable {
  /// A batch as the endpoint describes it.
  struct Remote: Sendable, Decodable {
    var id: String
    /// How far it is: `validating`, `in_progress`, `finalizing` or one of the ends in ``isFinal``.
    var status: String
    var output_file_id: String?
    var error_file_id: String?
    var metadata: [String: String]?
    var errors: Errors?

    struct Errors: Sendable, Decodable {
      var data: [Message]?
    }

    struct Message: Sendable, Decodable {
      var message: String?
    }

    /// Whether nothing will change any more.
    var isFinal: Bool { ["completed", "failed", "expired", "cancelled"].contains(status) }
  }

  /// The metadata that marks our batches.
  static let tokenName = "morlaif_batch"
  /// Longest file of results, in bytes.
  private static let fileByteCountMax = 1 << 30

  let judgeID: String
  let configuration: HTTPJudgeConfiguration
  let client: CurlClient

  /// Uploads a file of requests and returns the endpoint's name for it.
  func upload(_ file: [UInt8], boundary: String) async throws(LabelingError) -> String {
    struct Reply: Decodable { var id: String }
    let reply: Reply = try await call(
      .post,
      "/files",
      contentType: "multipart/form-data; boundary=\(boundary)",
      body: BatchFile.form(file, boundary: boundary)
    )
    return reply.id
  }

  /// Makes a batch of an uploaded file.
  func create(fileID: String, token: String) async throws(LabelingError) -> Remote {
    struct Request: Encodable {
      var input_file_id: String
      var endpoint = "/v1/chat/completions"
      var completion_window = "24h"
      var metadata: [String: String]
    }
    let request = Request(input_file_id: fileID, metadata: [Self.tokenName: token])
    let body: Data
    do {
      body = try JSONEncoder().encode(request)
    } catch {
      throw unavailable("the request cannot be written: \(error)", isRetryable: false)
    }
    return try await call(
      .post,
      "/batches",
      contentType: "application/json",
      body: Array(body)
    )
  }

  /// How far a batch has come.
  func batch(_ id: String) async throws(LabelingError) -> Remote {
    try await call(.get, "/batches/" + id)
  }

  /// The batch that carries a token among the latest hundred; nil for none.
  func find(token: String) async throws(LabelingError) -> Remote? {
    struct Reply: Decodable { var data: [Remote] }
    let reply: Reply = try await call(.get, "/batches?limit=100")
    return reply.data.first { $0.metadata?[Self.tokenName] == token }
  }

  /// The contents of a file.
  func content(_ fileID: String) async throws(LabelingError) -> [UInt8] {
    try await exchange(.get, "/files/\(fileID)/content")
  }

  private func call<Reply: Decodable>(
    _ method: HTTPRequest.Method,
    _ path: String,
    contentType: String = "application/json",
    body: [UInt8] = []
  ) async throws(LabelingError) -> Reply {
    let bytes = try await exchange(method, path, contentType: contentType, body: body)
    do {
      return try JSONDecoder().decode(Reply.self, from: Data(bytes))
    } catch {
      let text = configuration.excerpt(bytes)
      throw unavailable("\(path) gave no usable answer: \(text)", isRetryable: false)
    }
  }

  /// One exchange; what failed for a passing reason is tried again when the batch is next looked at.
  private func exchange(
    _ method: HTTPRequest.Method,
    _ path: String,
    contentType: String = "application/json",
    body: [UInt8] = []
  ) async throws(LabelingError) -> [UInt8] {
    let outcome = await client.perform(
      HTTPRequest(
        method: method,
        url: configuration.endpoint(path),
        headers: configuration.headers(contentType: contentType),
        body: body,
        // Files are large.
        timeout: max(configuration.timeout, .seconds(600)),
        connectTimeout: configuration.connectTimeout,
        responseByteCountMax: Self.fileByteCountMax,
        mustNotRepeat: method == .post
      )
    )
    switch outcome {
    case .success(let response) where response.status == 200: return response.body
    case .success(let response):
      throw unavailable(
        "\(path): HTTP status \(response.status): \(configuration.excerpt(response.body))",
        isRetryable: RetryPolicy.isTransient(status: response.status)
      )
    case .failure(.cancelled): throw .cancelled
    case .failure(let failure): throw unavailable("\(path): \(failure)", isRetryable: true)
    }
  }

  private func unavailable(_ reason: String, isRetryable: Bool) -> LabelingError {
    .judgeUnavailable(judge: judgeID, reason: reason, isRetryable: isRetryable)
  }
}
