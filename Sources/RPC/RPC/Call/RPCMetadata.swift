internal import RPCWire

/// Keys and texts that travel beside a call or its status, in order; a key may repeat (W25).
public struct RPCMetadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// One key and its text.
  public struct Entry: Sendable, Equatable {
    /// 1 to 64 of `a-z 0-9 . _ -`.
    public var key: String
    /// Any text.
    public var value: String
  }

  /// In the order they were added.
  public private(set) var entries: [Entry] = []

  /// Empty metadata.
  public init() {}

  /// Metadata in the order written.
  public init(dictionaryLiteral elements: (String, String)...) {
    entries = elements.map { Entry(key: $0.0, value: $0.1) }
  }

  init(_ wireEntries: [MetadataEntry]) {
    entries = wireEntries.map { Entry(key: $0.key, value: $0.value) }
  }

  /// The first value of a key; setting replaces all of them.
  public subscript(key: String) -> String? {
    get { entries.first { $0.key == key }?.value }
    set {
      entries.removeAll { $0.key == key }
      if let newValue { entries.append(Entry(key: key, value: newValue)) }
    }
  }

  /// Adds a value without removing others of the same key.
  public mutating func append(key: String, value: String) {
    entries.append(Entry(key: key, value: value))
  }

  /// Whether there are none.
  public var isEmpty: Bool { entries.isEmpty }

  var wireEntries: [MetadataEntry] {
    entries.map { MetadataEntry(key: $0.key, value: $0.value) }
  }
}
