internal import CCurl
internal import Foundation
internal import Synchronization

/// Runs every exchange of a client on one thread over libcurl's multi interface.
///
/// SAFETY: the multi handle is used by the driver's thread alone, except for `curl_multi_wakeup`,
/// which libcurl allows from any thread while the handle lives; the handle lives as long as the
/// driver, which thread and client both hold. Everything else that is shared is in the mutex.
final class CurlDriver: @unchecked Sendable {
  typealias Outcome = Result<HTTPResponse, HTTPFailure>

  private struct Inbox {
    var submitted: [(id: UInt64, request: HTTPRequest)] = []
    var cancelled: [UInt64] = []
    var waiting: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
    var nextID: UInt64 = 0
    var isStopped = false
  }

  private let multi: CurlMultiHandle
  private let inbox = Mutex(Inbox())

  /// Makes a driver and starts its thread.
  static func start(connectionCountMax: Int) throws(HTTPFailure) -> CurlDriver {
    guard let multi = CurlMultiHandle() else { throw .unusable("libcurl cannot be started") }
    let driver = CurlDriver(multi, connectionCountMax: connectionCountMax)
    let thread = Thread { driver.run() }
    thread.name = "morlaif-http"
    thread.start()
    return driver
  }

  private init(_ multi: consuming CurlMultiHandle, connectionCountMax: Int) {
    // Idle connections are kept for the next request.
    _ = morlaif_curl_multi_set_long(multi.pointer, CURLMOPT_MAXCONNECTS, connectionCountMax)
    self.multi = multi
  }

  /// Ends the thread; what is in progress is cancelled.
  func stop() {
    inbox.withLock { $0.isStopped = true }
    curl_multi_wakeup(multi.pointer)
  }

  /// Performs one exchange.
  func perform(_ request: HTTPRequest) async -> Outcome {
    let id = inbox.withLock { inbox in
      inbox.nextID += 1
      return inbox.nextID
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isAccepted = inbox.withLock { inbox in
          if inbox.isStopped || Task.isCancelled { return false }
          inbox.waiting[id] = continuation
          inbox.submitted.append((id, request))
          return true
        }
        if isAccepted {
          curl_multi_wakeup(multi.pointer)
        } else {
          continuation.resume(returning: .failure(.cancelled))
        }
      }
    } onCancel: {
      finish(id, .failure(.cancelled))
      inbox.withLock { $0.cancelled.append(id) }
      curl_multi_wakeup(multi.pointer)
    }
  }

  /// Answers a caller once.
  private func finish(_ id: UInt64, _ outcome: Outcome) {
    inbox.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: outcome)
  }

  private func run() {
    var active: [UInt64: CurlTransfer] = [:]
    var idOfHandle: [UnsafeMutableRawPointer: UInt64] = [:]
    while true {
      let (submitted, cancelled, isStopped) = inbox.withLock { inbox in
        defer {
          inbox.submitted.removeAll()
          inbox.cancelled.removeAll()
        }
        return (inbox.submitted, inbox.cancelled, inbox.isStopped)
      }
      if isStopped { break }
      for (id, request) in submitted where !cancelled.contains(id) {
        begin(id, request, &active, &idOfHandle)
      }
      for id in cancelled { end(id, &active, &idOfHandle) }
      var runningCount: Int32 = 0
      curl_multi_perform(multi.pointer, &runningCount)
      collect(&active, &idOfHandle)
      curl_multi_poll(multi.pointer, nil, 0, 1000, nil)
    }
    for id in Array(active.keys) { end(id, &active, &idOfHandle) }
    let abandoned = inbox.withLock { inbox in
      defer { inbox.waiting.removeAll() }
      return inbox.waiting
    }
    for continuation in abandoned.values { continuation.resume(returning: .failure(.cancelled)) }
  }

  private func begin(
    _ id: UInt64,
    _ request: HTTPRequest,
    _ active: inout [UInt64: CurlTransfer],
    _ idOfHandle: inout [UnsafeMutableRawPointer: UInt64]
  ) {
    do throws(HTTPFailure) {
      let transfer = try CurlTransfer(id: id, request)
      guard curl_multi_add_handle(multi.pointer, transfer.easy.pointer) == CURLM_OK else {
        throw .unusable("libcurl refused the request")
      }
      active[id] = transfer
      idOfHandle[transfer.easy.pointer] = id
    } catch {
      finish(id, .failure(error))
    }
  }

  private func end(
    _ id: UInt64,
    _ active: inout [UInt64: CurlTransfer],
    _ idOfHandle: inout [UnsafeMutableRawPointer: UInt64]
  ) {
    guard let transfer = active.removeValue(forKey: id) else { return }
    curl_multi_remove_handle(multi.pointer, transfer.easy.pointer)
    idOfHandle.removeValue(forKey: transfer.easy.pointer)
  }

  private func collect(
    _ active: inout [UInt64: CurlTransfer],
    _ idOfHandle: inout [UnsafeMutableRawPointer: UInt64]
  ) {
    var leftCount: Int32 = 0
    while let message = curl_multi_info_read(multi.pointer, &leftCount) {
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
        let id = idOfHandle[handle], let transfer = active[id]
      else { continue }
      let outcome = transfer.outcome(morlaif_curl_message_result(message))
      end(id, &active, &idOfHandle)
      finish(id, outcome)
    }
  }
}

/// Keeps a driver's thread running for as long as somebody uses it.
final class CurlClient: Sendable {
  private let driver: CurlDriver

  /// Starts the client.
  init(connectionCountMax: Int) throws(HTTPFailure) {
    driver = try CurlDriver.start(connectionCountMax: connectionCountMax)
  }

  deinit { driver.stop() }

  /// Performs one exchange; cancelling the task ends it at once.
  func perform(_ request: HTTPRequest) async -> Result<HTTPResponse, HTTPFailure> {
    await driver.perform(request)
  }
}
