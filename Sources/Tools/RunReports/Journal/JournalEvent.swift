package import JSON

/// One thing that happened in a run.
package struct JournalEvent: Sendable, Equatable {
  /// Unix time, seconds.
  package let time: Double
  /// Short name, for example "step_started".
  package let kind: String
  /// What belongs to it, in the order in which it was written.
  package let fields: [JSONMember]

  /// States an event.
  package init(time: Double, kind: String, fields: [JSONMember]) {
    self.time = time
    self.kind = kind
    self.fields = fields
  }

  /// A field by name.
  package subscript(name: String) -> JSONValue? {
    fields.first { $0.name == name }?.value
  }

  /// The event as a line of the journal: `{"time":…,"kind":…,` then the fields`}`.
  package var json: JSONValue {
    .object([JSONMember("time", .number(time)), JSONMember("kind", .string(kind))] + fields)
  }

  /// Reads what `json` wrote; nil when time or kind is missing.
  package init?(json: JSONValue) {
    guard let members = json.members, let time = json["time"]?.double,
      let kind = json["kind"]?.text
    else { return nil }
    self.time = time
    self.kind = kind
    fields = members.filter { $0.name != "time" && $0.name != "kind" }
  }
}
