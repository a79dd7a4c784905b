internal import LargeMemory

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
  var pending: PendingSend? {
    get { waiting?.send }
    set { waiting = newValue.map(WaitingSend.message) }
  }
  private var waiting: WaitingSend?
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
  /// Whether the incomplete message is a zlib stream (W40).
  var isMessageCompressed = false
  var assembly: [UInt8] = []
  /// Uncredited cost of the incomplete message's parts.
  var heldPartCost = 0

  /// Adds a part to the incomplete message.
  mutating func append(_ part: RawSpan, messageBytesMax: Int) {
    unsafe part.withUnsafeBytes { part in
      unsafe part.withMemoryRebound(to: UInt8.self) { part in
        unsafe assembly.appendLarge(part, countMax: messageBytesMax)
      }
    }
  }

  /// The application has taken a message.
  ///
  /// - Returns: the window to give back; nil when the call is over and nothing is owed.
  mutating func takeMessage(cost: Int) -> Int? {
    guard isOpen else { return nil }
    unreadMessages -= 1
    var credit = cost
    if unreadMessages == 0 {
      credit += heldPartCost
      heldPartCost = 0
    }
    uncredited -= credit
    return credit
  }

  /// Gathers credit for the peer.
  ///
  /// - Returns: what a WINDOW frame should say now; 0 for none (W30).
  mutating func gatherCredit(_ cost: Int, atLeast enough: Int) -> Int {
    guard peerMaySend else { return 0 }
    gatheredCredit += cost
    guard gatheredCredit >= enough else { return 0 }
    defer { gatheredCredit = 0 }
    receiveWindow += gatheredCredit
    return gatheredCredit
  }

  /// Lets go of all that a closed call does not need.
  mutating func close() {
    isOpen = false
    pending = nil
    assembly = []
    isMidMessage = false
    uncredited = 0
  }

  init(sendWindow: Int, receiveWindow: Int, peerMaySend: Bool) {
    self.sendWindow = sendWindow
    self.receiveWindow = receiveWindow
    self.peerMaySend = peerMaySend
  }
}

/// A waiting message in a place of its own: hardly any call has one, and the table of calls stays small.
private indirect enum WaitingSend: Sendable {
  case message(PendingSend)

  var send: PendingSend {
    switch self {
    case .message(let send): send
    }
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
  var message: ScatteredBytes?
  /// Whether `message` is a zlib stream (W40).
  var isCompressed = false
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
