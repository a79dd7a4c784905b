/// Every configuration that was ever in charge, so that each logged reward can be recomputed.
package struct ScalarizationHistory: Sendable, Equatable, Codable {
  /// One configuration with its number.
  package struct Entry: Sendable, Equatable, Codable {
    /// Number of the configuration, from one upwards.
    package let version: Int
    /// Content hash of the configuration.
    package let hash: String
    /// The configuration itself.
    package let configuration: ScalarizationConfiguration
  }

  /// The entries, oldest first; never empty.
  package private(set) var entries: [Entry]

  /// Starts a history at version one.
  package init(_ configuration: ScalarizationConfiguration) {
    entries = [Entry(version: 1, hash: configuration.contentHash, configuration: configuration)]
  }

  /// The entry in charge.
  package var current: Entry { entries[entries.count - 1] }

  /// Puts a configuration in charge and returns its entry.
  ///
  /// A configuration equal to the current one keeps the version, so a repeated request is harmless;
  /// going back to an older one is a new version with the old hash.
  @discardableResult
  package mutating func append(_ configuration: ScalarizationConfiguration) -> Entry {
    let hash = configuration.contentHash
    if hash == current.hash { return current }
    let entry = Entry(version: current.version + 1, hash: hash, configuration: configuration)
    entries.append(entry)
    return entry
  }

  /// The entry with a version, if there ever was one.
  package func entry(version: Int) -> Entry? {
    guard version >= 1, version <= entries.count else { return nil }
    return entries[version - 1]
  }

  /// Reads a history and refuses one whose versions or hashes do not add up.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    entries = try container.decode([Entry].self, forKey: .entries)
    let isSound =
      !entries.isEmpty
      && entries.enumerated().allSatisfy { index, entry in
        entry.version == index + 1 && entry.hash == entry.configuration.contentHash
      }
    guard isSound else {
      throw DecodingError.dataCorruptedError(
        forKey: .entries,
        in: container,
        debugDescription: "versions must count from 1 and each hash must match its configuration"
      )
    }
  }
}
