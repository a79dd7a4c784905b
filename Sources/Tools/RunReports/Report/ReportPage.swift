/// The report of a run as one HTML page that needs nothing but itself: no scripts, no network.
package struct ReportPage {
  private let content: ReportContent
  private let verdict: Verdict

  /// Takes what the page shows.
  package init(_ content: ReportContent) {
    self.content = content
    verdict = Verdict(content.summary)
  }

  /// The whole page.
  package var html: String {
    let title = "\(content.title): what each principle gained"
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(HTML.escape(title))</title>
      <style>\(ReportStyle.css)</style></head>
      <body><main>
      \(header)
      \(tiles)
      \(ReportPage.warnings(content.events))
      \(gains)
      \(training)
      \(answers)
      \(preferenceModels)
      \(events)
      \(resources)
      \(settings)
      </main></body></html>

      """
  }

  private var summary: RunSummary { content.summary }

  private var header: String {
    """
    <header>
    <p class="kicker">MORLAIF run \(HTML.escape(summary.runID)) · \(HTML.escape(summary.modelID)) · seed \(summary.seed) · \(HTML.escape(Figure.moment(unixSeconds: content.startedAt)))</p>
    <h1 class="\(verdict.tone.rawValue)">\(HTML.escape(verdict.headline))</h1>
    \(verdict.sentences.map { HTML.element("p", class: "lead", $0) }.joined(separator: "\n"))
    </header>
    """
  }

  private var tiles: String {
    func tile(_ name: String, _ value: String, _ note: String) -> String {
      """
      <div class="tile"><div class="name">\(HTML.escape(name))</div><div class="value">\(HTML.escape(value))</div><div class="note">\(HTML.escape(note))</div></div>
      """
    }
    let summary = summary
    return """
      <section class="tiles" aria-label="Key figures">
      \(tile("Overall win rate", Figure.percent(summary.overall.rate), "\(Figure.percent(summary.overall.low)) to \(Figure.percent(summary.overall.high)), 95 %"))
      \(tile("KL from base", Figure.fixed(summary.kl, 1), "nats an answer, sampled at temperature \(Figure.fixed(summary.klTemperature, 1))"))
      \(tile("Mean length", Figure.fixed(summary.meanLength.tuned, 1), "tokens, before \(Figure.fixed(summary.meanLength.base, 1))"))
      \(tile("NLL under base", Figure.fixed(summary.baseNLL.tuned, 2), "nats a token, before \(Figure.fixed(summary.baseNLL.base, 2))"))
      \(tile("Distinct bigrams", Figure.fixed(summary.distinct2.tuned, 2), "share, before \(Figure.fixed(summary.distinct2.base, 2))"))
      \(tile("Whole run", Figure.minutes(seconds: summary.seconds(of: "total")), "\(content.steps.count) training steps"))
      </section>
      """
  }

  private var gains: String {
    let rows =
      [row("all principles", summary.overall, note: "", isStrong: true)]
      + summary.principles.map { row($0.id, $0.winRate, note: "", isStrong: false) }
    let plot = IntervalPlot(
      title: "Win rate of the tuned policy against the base model",
      axis: "win rate, %",
      rows: rows,
      mark: .dot,
      reference: 0.5,
      referenceLabel: "equal"
    )
    let table = HTML.table(
      class: "figures",
      header: ["Principle", "Weight", "Base", "Tuned", "Change", "Win rate", "95 % interval"],
      rows: summary.principles.map { principle in
        [
          HTML.escape(principle.id), Figure.fixed(principle.weight, 2),
          Figure.fixed(principle.mean.base, 3), Figure.fixed(principle.mean.tuned, 3),
          Figure.signed(principle.mean.tuned - principle.mean.base, 3),
          Figure.percent(principle.winRate.rate),
          "\(Figure.percent(principle.winRate.low)) to \(Figure.percent(principle.winRate.high))",
        ]
      }
    )
    return """
      <section><h2>What each principle gained</h2>
      \(plot.figure)
      \(table)
      <p class="small">Held-out prompts; the tuned answer against the base answer of the same prompt and sample number, by the judge's own measure (0 to 1, larger is better); a tie counts one half. Overall: sum of weight × measure ÷ standard deviation over the base answers. Intervals are Wilson's at 95 % on the effective number of comparisons (\(Figure.fixed(summary.overall.effectiveComparisons, 0)) of \(summary.overall.comparisons) overall), since answers to one prompt are alike.</p>
      </section>
      """
  }

  private func row(
    _ label: String,
    _ rate: WinRate,
    note: String,
    isStrong: Bool
  ) -> IntervalPlot.Row {
    IntervalPlot.Row(
      label: label,
      note: note,
      value: rate.rate,
      low: rate.low,
      high: rate.high,
      isStrong: isStrong
    )
  }

  private var preferenceModels: String {
    let rows = summary.principles.map { principle in
      IntervalPlot.Row(
        label: principle.id,
        note: " of \(principle.agreement.pairs)",
        value: principle.agreement.accuracy,
        low: principle.agreement.low,
        high: principle.agreement.high,
        second: principle.agreement.clearAccuracy
      )
    }
    let plot = IntervalPlot(
      title: "Held-out accuracy of the preference models",
      axis: "accuracy, % of untied pairs",
      rows: rows,
      mark: .bar,
      reference: 0.5,
      referenceLabel: "chance"
    )
    return """
      <section><h2>How well the preference models learnt</h2>
      \(plot.figure)
      <p class="small">Bars: share of held-out pairs without ties on which the model prefers the answer that the judge prefers, with 95 % intervals. Hollow dots: the same over the clear half, pairs whose judge margin is above its median.</p>
      </section>
      """
  }

  private var answers: String {
    """
    <section><h2>Answers before and after</h2>
    <p class="small">First sample of evenly spaced held-out prompts; chosen by position, not by outcome. All answers are in <code>samples.jsonl</code>.</p>
    \(ReportPage.answers(content.samples, countMax: 8))
    </section>
    """
  }

  private var events: String {
    """
    <section><h2>What happened</h2>
    \(ReportPage.eventTable(content.events, startedAt: content.startedAt))
    </section>
    """
  }

  private var resources: String {
    let total = max(summary.seconds(of: "total") ?? 0, 1e-9)
    let time = HTML.table(
      class: "figures",
      header: ["Step", "Time", "Share"],
      rows: summary.seconds.map { step in
        [
          HTML.escape(step.step), Figure.duration(seconds: step.seconds),
          Figure.percent(step.seconds / total),
        ]
      }
    )
    let memory = HTML.table(
      class: "figures",
      header: ["Service", "Peak memory, MiB"],
      rows: summary.peakRSS.map { [HTML.escape($0.service), Figure.fixed($0.mebibytes, 0)] }
    )
    return """
      <section><h2>Time and memory</h2><div class="halves">\(time)\(memory)</div></section>
      """
  }

  private var settings: String {
    let versions = HTML.table(
      class: "figures",
      header: ["What", "Version"],
      rows: summary.versions.map {
        [HTML.escape($0.name), "<code>\(HTML.escape($0.version))</code>"]
      }
    )
    return """
      <section><h2>Versions and recipe</h2>
      \(versions)
      <details><summary>The resolved recipe</summary><pre>\(HTML.escape(content.recipe))</pre></details>
      </section>
      """
  }

  private var training: String {
    let bands = ReportPage.bands(content.steps)
    var plots: [LinePlot] = []
    func add(_ plot: MetricCatalogue.Plot) {
      let series = plot.lines.enumerated().compactMap { index, line -> LinePlot.Series? in
        let points = MetricCatalogue.points(line.names, in: content.steps)
        return points.isEmpty
          ? nil : LinePlot.Series(name: line.legend, colour: index, points: points)
      }
      guard !series.isEmpty else { return }
      plots.append(
        LinePlot(
          title: plot.title,
          unit: plot.unit,
          series: series,
          bands: bands,
          includesZero: plot.includesZero
        )
      )
    }
    add(MetricCatalogue.reward)
    func addByPrinciple(_ title: String, _ unit: String, _ names: (String) -> [String]) {
      let series = summary.principles.enumerated().compactMap { index, principle in
        let points = MetricCatalogue.points(names(principle.id), in: content.steps)
        return points.isEmpty
          ? nil : LinePlot.Series(name: principle.id, colour: index % 8, points: points)
      }
      guard !series.isEmpty else { return }
      plots.append(LinePlot(title: title, unit: unit, series: series, bands: bands))
    }
    addByPrinciple(
      "Score of each principle",
      "preference-model score, mean",
      MetricCatalogue.score
    )
    addByPrinciple(
      "What decides which answer is better",
      "share of the advantage's variance",
      MetricCatalogue.advantageShare
    )
    MetricCatalogue.others.forEach(add)
    let note =
      bands.count > 1
      ? "Shaded bands show which scalarizer version scored which steps." : ""
    return """
      <section><h2>Training</h2>
      <div class="grid">\(plots.map(\.figure).joined(separator: "\n"))</div>
      <p class="small">Faint lines are single batches, bold lines their moving average. \(note)</p>
      \(versionTable(bands))
      </section>
      """
  }

  private func versionTable(_ bands: [LinePlot.Band]) -> String {
    guard !bands.isEmpty else { return "" }
    return HTML.table(
      class: "figures",
      header: ["Scalarizer version", "Steps", "Endpoint", "Configuration"],
      rows: ReportPage.runs(content.steps).map { run in
        [
          "v\(run.first.configurationVersion)", "\(run.first.step) to \(run.last.step)",
          HTML.escape(run.first.scalarizerEndpoint),
          "<code>\(HTML.escape(String(run.first.configurationHash.prefix(12))))</code>",
        ]
      }
    )
  }

  /// Stretches of neighbouring steps with one version at one endpoint.
  private static func runs(
    _ steps: [StepMetrics]
  ) -> [(first: StepMetrics, last: StepMetrics)] {
    var runs: [(first: StepMetrics, last: StepMetrics)] = []
    for step in steps {
      if let run = runs.last, run.last.configurationVersion == step.configurationVersion,
        run.last.configurationHash == step.configurationHash,
        run.last.scalarizerEndpoint == step.scalarizerEndpoint
      {
        runs[runs.count - 1].last = step
      } else {
        runs.append((step, step))
      }
    }
    return runs
  }

  private static func bands(_ steps: [StepMetrics]) -> [LinePlot.Band] {
    runs(steps).map { run in
      LinePlot.Band(
        from: Double(run.first.step),
        to: Double(run.last.step),
        label: "v\(run.first.configurationVersion)"
      )
    }
  }
}
