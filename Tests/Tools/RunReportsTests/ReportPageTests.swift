import Foundation
import JSON
import RunReports
import Testing

@Suite struct ReportPageTests {
  let page: String

  init() throws { page = ReportPage(try SampleRun.content()).html }

  @Test(arguments: [
    "Reward from the scalarizer", "Score of each principle", "Distance from the base model (KL)",
    "Length of answers", "Entropy of the policy", "Clipped updates",
    "Win rate of the tuned policy against the base model",
    "Held-out accuracy of the preference models", "Answers before and after", "What happened",
    "nats an answer", "tokens", "v3", "What decides which answer is better",
  ])
  func `the page shows each part`(part: String) {
    #expect(page.contains(part))
  }

  @Test func `every plot is an inline picture with a description`() {
    let pictures = page.components(separatedBy: "<svg ").count - 1
    #expect(pictures == 10)
    #expect(page.components(separatedBy: "role=\"img\" aria-label=").count - 1 == pictures)
  }

  @Test func `the page needs nothing from elsewhere and runs nothing`() {
    for forbidden in ["<script", "http://", "https://", "<link", "@import", "src="] {
      #expect(!page.contains(forbidden), "\(forbidden)")
    }
  }

  @Test func `what a model or a journal says is escaped`() {
    #expect(page.contains("Why do cats &lt;purr&gt; &amp; &quot;knead&quot;"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(page.contains("seed: 7 # &lt;b&gt;"))
  }

  @Test func `the verdict is said in words before anything else`() throws {
    let headline = try #require(
      page.range(of: "The tuned policy is better than the base model.")
    )
    let tiles = try #require(page.range(of: "class=\"tiles\""))
    #expect(headline.lowerBound < tiles.lowerBound)
    #expect(page.contains("150 comparisons"))
  }

  @Test func `a policy that wins by gibberish is not called better`() throws {
    var content = try SampleRun.content()
    content.summary.baseNLL.tuned = content.summary.baseNLL.base + 1.5
    let page = ReportPage(content).html
    #expect(page.contains("lost their naturalness"))
    #expect(page.contains("class=\"bad\""))
  }

  @Test func `signs of a gamed reward are told near the top, or not at all`() throws {
    #expect(!page.contains("Signs of a gamed reward"))
    var content = try SampleRun.content()
    content.events.append(
      JournalEvent(
        time: 0,
        kind: "watch_length_drift",
        fields: [
          JSONMember("at_step", .integer(9)), JSONMember("detail", .string("40 to 5 <tokens>")),
        ]
      )
    )
    let page = ReportPage(content).html
    #expect(page.contains("length drift, step 9: 40 to 5 &lt;tokens&gt;"))
    let signs = try #require(page.range(of: "Signs of a gamed reward"))
    let gains = try #require(page.range(of: "What each principle gained</h2>"))
    #expect(signs.lowerBound < gains.lowerBound)
  }

  @Test func `a run without training steps still has a page`() throws {
    var content = try SampleRun.content()
    content.steps = []
    #expect(ReportPage(content).html.contains("0 training steps"))
  }

  @Test func `a metric that is not finite leaves a gap and no broken picture`() throws {
    var content = try SampleRun.content()
    content.steps[3].values[0].value = .nan
    content.steps[4].values[0].value = .infinity
    let page = ReportPage(content).html
    #expect(!page.contains("nan"))
    #expect(!page.contains("inf,"))
  }
}
