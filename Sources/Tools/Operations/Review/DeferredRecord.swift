package import JSON
package import Messages

/// Deferred pairs and decisions about them as JSON lines, for other tools.
package enum DeferredRecord {
  private static let names: [(resolution: Resolution, name: String)] = [
    (.a, "a"), (.b, "b"), (.tie, "tie"), (.discard, "discard"), (.pending, "pending"),
  ]

  /// A deferred pair as a line.
  package static func json(_ item: DeferredPair) -> JSONValue {
    let pair = item.pair ?? PreferencePair()
    let label = item.label ?? Label()
    return .object([
      JSONMember("deferred_id", .integer(Int(clamping: item.id))),
      JSONMember("dataset", .string(item.datasetID)),
      JSONMember("pair_id", .string(pair.id)),
      JSONMember("principle", .string(label.principleID)),
      JSONMember("prompt", .string(pair.prompt)),
      JSONMember("response_a", .string(pair.responseA)),
      JSONMember("response_b", .string(pair.responseB)),
      JSONMember("reason", .string(item.reason)),
      JSONMember("judge", .string(label.judgeID)),
      JSONMember("p_a", .number(label.pA)),
      JSONMember("order_consistent", .bool(label.orderConsistent)),
      JSONMember(
        "resolution",
        .string(names.first { $0.resolution == item.resolution }?.name ?? "pending")
      ),
      JSONMember("annotator", .string(item.annotator)),
    ])
  }

  /// Reads the decision of a line: `deferred_id` and `resolution`; nil where that is pending.
  package static func decision(_ json: JSONValue) throws(OperationsError) -> Decision? {
    let reason = "needs \"deferred_id\" and \"resolution\" (a, b, tie, discard or pending)"
    guard let id = json["deferred_id"]?.whole, let exact = UInt64(exactly: id),
      let name = json["resolution"]?.text,
      let resolution = names.first(where: { $0.name == name })?.resolution
    else { throw .input(reason) }
    return resolution == .pending ? nil : Decision(deferredID: exact, resolution: resolution)
  }
}
