internal import Foundation

/// The two line formats of OpenAI's batch API.
enum BatchFile {
  /// One line of a batch's results.
  struct Line: Sendable {
    /// The request it belongs to, as we named it.
    var key: String
    /// Status of the answer; 0 when the request did not get as far.
    var status: Int
    /// The answer, if it is one.
    var completion: ChatCompletion?
    /// What went wrong, if something did.
    var error: String
  }

  /// The file to upload: a line for each request, named by its key.
  static func input(_ items: [BatchItem]) -> [UInt8] {
    var bytes: [UInt8] = []
    for item in items {
      let head =
        #"{"custom_id":"\#(item.key.text)","method":"POST","url":"/v1/chat/completions","body":"#
      bytes += Array((head + item.body + "}\n").utf8)
    }
    return bytes
  }

  /// A form that uploads the file; `boundary` must not occur in it.
  static func form(_ file: [UInt8], boundary: String) -> [UInt8] {
    let head = """
      --\(boundary)\r
      Content-Disposition: form-data; name="purpose"\r
      \r
      batch\r
      --\(boundary)\r
      Content-Disposition: form-data; name="file"; filename="requests.jsonl"\r
      Content-Type: application/jsonl\r
      \r

      """
    return Array(head.utf8) + file + Array("\r\n--\(boundary)--\r\n".utf8)
  }

  /// Reads a file of results or of errors; lines that are neither are left out.
  static func lines(_ bytes: [UInt8]) -> [Line] {
    bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      // What a line leaves out is nil; a line that is no JSON has no request to belong to.
      guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(line)) else { return nil }
      let status = wire.response?.status_code ?? 0
      return Line(
        key: wire.custom_id,
        status: status,
        completion: status == 200 ? wire.response?.body?.completion : nil,
        error: wire.error?.message ?? ""
      )
    }
  }

  private struct Wire: Decodable {
    struct Response: Decodable {
      var status_code: Int?
      var body: ReceivedCompletion?
    }

    struct Failure: Decodable {
      var message: String?
    }

    var custom_id: String
    var response: Response?
    var error: Failure?
  }
}
