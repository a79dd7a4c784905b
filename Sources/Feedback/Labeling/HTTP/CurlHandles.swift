internal import CCurl

/// Starts libcurl once in the life of the process.
enum CurlLibrary {
  static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// One libcurl easy handle, cleaned up when it goes.
struct CurlEasyHandle: ~Copyable {
  let pointer: UnsafeMutableRawPointer

  init?() {
    guard CurlLibrary.isReady, let made = curl_easy_init() else { return nil }
    pointer = made
  }

  deinit { curl_easy_cleanup(pointer) }
}

/// One libcurl multi handle, cleaned up when it goes.
struct CurlMultiHandle: ~Copyable {
  let pointer: UnsafeMutableRawPointer

  init?() {
    guard CurlLibrary.isReady, let made = curl_multi_init() else { return nil }
    pointer = made
  }

  deinit { curl_multi_cleanup(pointer) }
}

/// One list of header lines, freed when it goes.
struct CurlHeaderList: ~Copyable {
  private(set) var head: UnsafeMutablePointer<curl_slist>?

  init(_ lines: [String]) {
    head = nil
    // A failed append leaves the list as it was; memory is then short and the request fails anyway.
    for line in lines { head = curl_slist_append(head, line) ?? head }
  }

  deinit { curl_slist_free_all(head) }
}
