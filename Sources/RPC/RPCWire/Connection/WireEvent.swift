/// What a received frame means to the driver of a connection.
package enum WireEvent: Sendable, Equatable {
  /// Nothing to do beyond writing the machine's output.
  case none
  /// The peer's HELLO was accepted; calls may begin.
  case ready(Hello)
  /// Server: a call began. The driver starts its handler, or refuses it with `sendStatus`.
  case called(UInt64, CallHeader, message: ReceivedMessage?, endsRequests: Bool)
  /// A message is complete.
  case message(UInt64, ReceivedMessage, endsRequests: Bool)
  /// Server: the client will send no more messages.
  case requestsEnded(UInt64)
  /// Client: the server ended the call.
  case ended(UInt64, EndStatus, message: ReceivedMessage?)
  /// Server: the client abandoned the call.
  case cancelled(UInt64, Cancel)
  /// This side ended the call over a limit; the peer has been told.
  case failed(UInt64, EndStatus)
  /// The peer takes no new calls, or is about to close with an error.
  case goingAway(GoAway)
  /// The answer to a PING of this side.
  case pong(UInt64)
}

/// A complete message, still as bytes.
package struct ReceivedMessage: Sendable, Equatable {
  /// Where the bytes are.
  package enum Place: Sendable, Equatable {
    /// In the payload of the frame that was just received.
    case payload(Range<Int>)
    /// Put together from several frames.
    case assembled([UInt8])
  }

  package let place: Place
  /// Window to give back with `taken` once the application has the message, in bytes.
  package let cost: Int
  /// Whether the bytes are a zlib stream, for the driver to inflate (W41).
  package let isCompressed: Bool

  /// States where a message is and what it costs.
  package init(place: Place, cost: Int, isCompressed: Bool = false) {
    self.place = place
    self.cost = cost
    self.isCompressed = isCompressed
  }
}

/// Whether a frame's payload is wanted.
package enum FrameAdmission: Sendable, Equatable {
  /// Gather the payload, then call `receive`.
  case take
  /// Drop the payload unread; the event is all there is to do.
  case skip(WireEvent)
}

/// What became of a message handed to the machine.
package enum SendResult: Sendable, Equatable {
  /// All of it is in the output.
  case written
  /// It waits for window or output space; `takeCompletedWrites` will name the call.
  case pending
  /// The call is over; the message was dropped.
  case closed
}
