internal import JSON

extension ReportPage {
  /// Answers before and after, side by side.
  static func answers(_ samples: [SampleComparison], countMax: Int) -> String {
    var shown: [SampleComparison] = []
    var prompts = Set<String>()
    // The first sample of each prompt, prompts spread evenly: chosen by position, not by outcome.
    let firsts = samples.filter { prompts.insert($0.promptID).inserted }
    let stride = max(1, firsts.count / max(1, countMax))
    for index in Swift.stride(from: 0, to: firsts.count, by: stride) where shown.count < countMax {
      shown.append(firsts[index])
    }
    return shown.map(comparison).joined(separator: "\n")
  }

  private static func comparison(_ sample: SampleComparison) -> String {
    func side(_ name: String, _ answer: SampleComparison.Answer) -> String {
      let text =
        answer.text.isEmpty
        ? "<em>(empty)</em>" : HTML.escape(answer.text)
      let end = answer.finishReason == "length" ? " · cut at the limit" : ""
      return """
        <div class="answer \(name)"><div class="side">\(name) · \(answer.tokens) tokens\(end)</div><div class="text">\(text)</div></div>
        """
    }
    let measures = sample.principleIDs.indices.map { index -> String in
      let before = sample.base.measures[index]
      let after = sample.tuned.measures[index]
      let style = after > before ? "up" : (after < before ? "down" : "same")
      return
        "<span class=\"chip \(style)\">\(HTML.escape(sample.principleIDs[index])) \(Figure.fixed(before, 2)) → \(Figure.fixed(after, 2))</span>"
    }
    return """
      <article class="sample"><h3>\(HTML.escape(sample.prompt))</h3>
      <div class="pair">\(side("base", sample.base))\(side("tuned", sample.tuned))</div>
      <div class="chips">\(measures.joined())</div></article>
      """
  }

  /// What the trainer's watch for gamed rewards said; nothing when it was silent.
  static func warnings(_ events: [JournalEvent]) -> String {
    let signs = events.filter { $0.kind.hasPrefix("watch_") }
    guard !signs.isEmpty else { return "" }
    let lines = signs.map { event in
      let name = event.kind.dropFirst("watch_".count).replacing("_", with: " ")
      let step = event["at_step"]?.whole.map { ", step \($0)" } ?? ""
      return HTML.element("li", "\(name)\(step): \(event["detail"]?.text ?? "")")
    }
    return """
      <section><h2>Signs of a gamed reward</h2>
      <ul>\(lines.joined(separator: "\n"))</ul>
      </section>
      """
  }

  /// What happened, as a table: swaps, waits, restarts, checkpoints.
  static func eventTable(_ events: [JournalEvent], startedAt: Double) -> String {
    // Steps are in the plots and checkpoints are routine; the table is for what a reader would ask
    // about.
    let silent: Set = ["checkpoint"]
    let rows = events.filter { !silent.contains($0.kind) }.map { event in
      let fields = event.fields.filter { $0.value.members == nil && $0.value.elements == nil }
      let detail = fields.map { field in
        "\(field.name) \(field.value.text ?? plain(field.value))"
      }
      return [
        HTML.escape("+" + Figure.duration(seconds: max(0, event.time - startedAt))),
        HTML.escape(event.kind.replacing("_", with: " ")),
        HTML.escape(detail.joined(separator: " · ")),
      ]
    }
    return HTML.table(class: "events", header: ["After", "Event", "Detail"], rows: rows)
  }

  private static func plain(_ value: JSONValue) -> String {
    if case .number(let number) = value { return Figure.fixed(number, 2) }
    return value.line
  }
}
