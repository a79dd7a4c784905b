/// What a connection knows about one call (WIRE.md section 4).
struct CallState: Sendable {
  /// No STATUS or CANCEL yet.
  ///
  /// A closed call stays in the table until its handler returns (W23).
  var isOpen = true
  /// Server: the handler has returned, while its reply still waits for window.
  var isReleased = false
  /// The peer may still send messages: at a server until END, at a client until STATUS.
  var peerMaySend: Bool
  /// This side has sent END (client).
  var hasSentEnd = false

  // Sending.
  var sendWindow: Int
  /// The message that waits for window or output space.
  var pending: PendingSend?
  /// Whether the call stands in the connection's turn queue.
  var isQueued = false

  // Receiving.
  var receiveWindow: Int
  /// Window taken by the peer and not yet given back, by call and connection alike.
  var uncredited = 0
  /// Credit gathered for the next WINDOW frame of this call.
  var gatheredCredit = 0
  /// Complete messages the application has not taken.
  var unreadMessages = 0
  /// Whether a message is incomplete, and what has come of it.
  var isMidMessage = false
  var assembly: [UInt8] = []
  /// Uncredited cost of the incomplete message's parts.
  var heldPartCost = 0

  init(sendWindow: Int, receiveWindow: Int, peerMaySend: Bool) {
    self.sendWindow = sendWindow
    self.receiveWindow = receiveWindow
    self.peerMaySend = peerMaySend
  }
}

/// A message on its way out that did not fit at once.
struct PendingSend: Sendable {
  /// What follows the message.
  enum Ending: Sendable {
    case nothing
    case end
    case status(EndStatus)
  }

  /// Header block of a CALL that has not been written.
  var callHeader: CallHeader?
  /// Nil for a CALL without a message.
  var message: [UInt8]?
  /// Bytes already written.
  var offset = 0
  var ending: Ending

  var remaining: Int { (message?.count ?? 0) - offset }
}

/// Calls that wait for their turn to send, first in first out (W31).
struct TurnQueue: Sendable {
  private var ids: [UInt64] = []
  private var head = 0

  var isEmpty: Bool { head == ids.count }

  var first: UInt64? { isEmpty ? nil : ids[head] }

  mutating func append(_ id: UInt64) { ids.append(id) }

  mutating func removeFirst() {
    guard !isEmpty else { return }
    head += 1
    if isEmpty {
      ids.removeAll(keepingCapacity: ids.capacity <= 1_024)
      head = 0
    } else if head >= 1_024, head * 2 >= ids.count {
      ids.removeFirst(head)
      head = 0
    }
  }
}
