internal import CCurl

/// One exchange in progress, which lives on the driver's thread alone.
final class CurlTransfer {
  /// The caller's number for it.
  let id: UInt64
  let easy: CurlEasyHandle
  private let headers: CurlHeaderList
  private let byteCountMax: Int
  private var body: [UInt8] = []
  private var isTooLarge = false
  private var responseHeaders: [String: String] = [:]

  /// Prepares an exchange.
  init(id: UInt64, _ request: HTTPRequest) throws(HTTPFailure) {
    guard let easy = CurlEasyHandle() else { throw .unusable("libcurl cannot be started") }
    self.id = id
    self.easy = easy
    byteCountMax = request.responseByteCountMax
    headers = CurlHeaderList(request.headers)
    try configure(request)
  }

  private func configure(_ request: HTTPRequest) throws(HTTPFailure) {
    let handle = easy.pointer
    let context = Unmanaged.passUnretained(self).toOpaque()
    var longs: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_TCP_KEEPALIVE, 1),
      (CURLOPT_TIMEOUT_MS, milliseconds(request.timeout)),
      (CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout)),
    ]
    if request.mustNotRepeat { longs.append((CURLOPT_FRESH_CONNECT, 1)) }
    var results = longs.map { morlaif_curl_set_long(handle, $0.0, $0.1) }
    results += [
      morlaif_curl_set_string(handle, CURLOPT_URL, request.url),
      morlaif_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
      morlaif_curl_set_string(handle, CURLOPT_USERAGENT, "morlaif-labeler"),
      morlaif_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, ""),
      morlaif_curl_set_list(handle, CURLOPT_HTTPHEADER, headers.head),
      morlaif_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody),
      morlaif_curl_set_pointer(handle, CURLOPT_WRITEDATA, context),
      morlaif_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader),
      morlaif_curl_set_pointer(handle, CURLOPT_HEADERDATA, context),
    ]
    if request.method == .post { results += setBody(request.body) }
    if let bad = results.first(where: { $0 != CURLE_OK }) {
      throw .unusable(String(cString: curl_easy_strerror(bad)))
    }
  }

  private func setBody(_ bytes: [UInt8]) -> [CURLcode] {
    let handle = easy.pointer
    // COPYPOSTFIELDS takes its length from POSTFIELDSIZE, and copies at once.
    var body = bytes
    return [
      morlaif_curl_set_long(handle, CURLOPT_POST, 1),
      morlaif_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, bytes.count),
      body.withUnsafeMutableBytes {
        morlaif_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
      },
    ]
  }

  /// Turns libcurl's result into ours.
  func outcome(_ result: CURLcode) -> Result<HTTPResponse, HTTPFailure> {
    if isTooLarge { return .failure(.tooLarge(byteCountMax: byteCountMax)) }
    switch result {
    case CURLE_OK:
      var status = 0
      _ = morlaif_curl_get_long(easy.pointer, CURLINFO_RESPONSE_CODE, &status)
      return .success(HTTPResponse(status: status, headers: responseHeaders, body: body))
    case CURLE_OPERATION_TIMEDOUT:
      return .failure(.timedOut)
    case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      return .failure(.unreachable(String(cString: curl_easy_strerror(result))))
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_PEER_FAILED_VERIFICATION:
      return .failure(.unusable(String(cString: curl_easy_strerror(result))))
    default:
      return .failure(.transport(String(cString: curl_easy_strerror(result))))
    }
  }

  /// Keeps a piece of the body and tells whether there was room for it.
  fileprivate func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard body.count + bytes.count <= byteCountMax else {
      isTooLarge = true
      return false
    }
    body.append(contentsOf: bytes)
    return true
  }

  /// Looks at one header line.
  fileprivate func receiveHeaderLine(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count < 256 else { return }
    let line = String(decoding: bytes, as: UTF8.self)
    let parts = line.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return }
    let name = parts[0].lowercased()
    guard name == "retry-after" || name.hasPrefix("x-ratelimit-"), responseHeaders.count < 32 else {
      return
    }
    responseHeaders[name] = parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

private let receiveBody: morlaif_curl_data_callback = { data, size, count, context in
  guard let data, let context else { return 0 }
  let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
  return transfer.receive(UnsafeRawBufferPointer(start: data, count: size * count))
    ? size * count : 0
}

private let receiveHeader: morlaif_curl_data_callback = { data, size, count, context in
  guard let data, let context else { return 0 }
  let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
  transfer.receiveHeaderLine(UnsafeRawBufferPointer(start: data, count: size * count))
  return size * count
}

/// A duration in whole milliseconds, at least 1 and at most a day.
func milliseconds(_ duration: Duration) -> Int {
  let parts = min(max(duration, .milliseconds(1)), .seconds(86_400)).components
  return Int(parts.seconds) * 1000 + Int(parts.attoseconds / 1_000_000_000_000_000)
}
