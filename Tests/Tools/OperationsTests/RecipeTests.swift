import Foundation
import Messages
import Operations
import RunReports
import Testing

@Suite struct RecipeTests {
  private static let small = """
    name: small
    seed: 3
    principles: [{id: conciseness, weight: 2}, {id: relevance}]
    prompts: {file: prompts.jsonl, held_out_share: 0.5}
    """

  /// Writes a recipe and its prompts into a folder that exists for one test.
  private func withRecipe(
    _ yaml: String,
    prompts: String = "{\"prompt\":\"a?\"}\n{\"prompt\":\"b?\"}\n",
    _ body: (String) throws -> Void
  ) throws {
    let folder = NSTemporaryDirectory() + "recipe-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try TextFile.write(yaml, path: folder + "/recipe.yaml")
    try TextFile.write(prompts, path: folder + "/prompts.jsonl")
    try body(folder + "/recipe.yaml")
  }

  private func load(_ path: String) throws -> Recipe {
    try RecipeLoader(environment: [:]).load(path: path)
  }

  @Test func `what a recipe leaves out has its default`() throws {
    try withRecipe(Self.small) { path in
      let recipe = try load(path)
      #expect(recipe.principleIDs == ["conciseness", "relevance"])
      #expect(recipe.principles[1].weight == 1)
      #expect(recipe.sampling.samplesPerPrompt == 4)
      #expect(recipe.sampling.options.tokensMax == 48)
      #expect(recipe.evaluation.samplesPerPrompt == 3)
      #expect(recipe.policy.message.rewardScaling == .scaleReward(true))
      #expect(recipe.policy.message.steps == 0)
      #expect(recipe.scalarization.method == .linear)
      #expect(recipe.scalarization.weights.map(\.weight) == [2, 1])
    }
  }

  @Test func `paths are relative to the recipe`() throws {
    try withRecipe(Self.small) { path in
      let recipe = try load(path)
      #expect(recipe.prompts.file.hasPrefix("/"))
      #expect(recipe.prompts.file.hasSuffix("/prompts.jsonl"))
      let split = try RecipeLoader(environment: [:]).prompts(of: recipe, recipePath: path)
      #expect(split.training.count == 1)
      #expect(split.heldOut.count == 1)
    }
  }

  @Test func `a resolved recipe reads as the same recipe`() throws {
    let yaml =
      Self.small + """

        judge: "we$$ird: 'name'"
        sampling: {stop: ["\\n", "$$", "#"], top_k: 5, temperature: 0.7}
        scalarizer: {method: uncertainty_weighted, variance_penalty: 0.25}
        policy: {steps: 7, learning_rate: 1e-3, scale_reward: false, lambda: 0.95}
        preferences: {epochs: 2, weight_decay: 1e-5}
        """
    try withRecipe(yaml) { path in
      let recipe = try load(path)
      #expect(recipe.judge == "we$ird: 'name'")
      try TextFile.write(recipe.yaml, path: path)
      #expect(try load(path) == recipe)
      #expect(try load(path).yaml == recipe.yaml)
    }
  }

  @Test(arguments: [
    ("nonsense: 1", "nonsense", "is not a known key"),
    ("policy: {stepz: 3}", "policy.stepz", "is not a known key"),
    ("sampling: {temperature: -1}", "sampling.temperature", "is outside"),
    ("sampling: {samples_per_prompt: 1}", "sampling.samples_per_prompt", "is outside"),
    ("evaluation: {top_p: .nan}", "evaluation.top_p", "is outside"),
    ("scalarizer: {method: sum}", "scalarizer.method", "'sum' is none of linear"),
    ("scalarizer: {nash_link: tanh}", "scalarizer.nash_link", "neither sigmoid nor softplus"),
    ("policy: {steps: many}", "policy.steps", "is not of the type"),
    ("policy: {steps: -4}", "policy.steps", "is not of the type"),
    ("preferences: {held_out_share: 0.7}", "preferences.held_out_share", "is outside"),
  ])
  func `what is wrong is named by file and key`(
    addition: String,
    key: String,
    reason: String
  ) throws {
    try withRecipe(Self.small + "\n" + addition) { path in
      let error = #expect(throws: OperationsError.self) { try load(path) }
      let text = try #require(error).description
      #expect(text.hasPrefix("\(path): \(key): "), "\(text)")
      #expect(text.contains(reason), "\(text)")
    }
  }

  @Test(arguments: [
    ("[]", "lists no principle"), ("[{id: a}, {id: a}]", "'a' is listed twice"),
    ("[{id: a, weight: 0}]", "weight 0"), ("[{id: 'a b'}]", "'a b' is not a principle's id"),
  ])
  func `principles must be named, unique and weighted`(list: String, reason: String) throws {
    let yaml = "name: x\nprinciples: \(list)\nprompts: {file: prompts.jsonl}\n"
    try withRecipe(yaml) { path in
      let error = #expect(throws: OperationsError.self) { try load(path) }
      let text = try #require(error).description
      #expect(text.contains(reason), "\(text)")
    }
  }

  @Test(arguments: [
    ("{\"prompt\":\"a?\"}\nnonsense\n", "line 2"), ("{\"prompt\":\" \"}\n", "line 1"),
    ("{\"id\":\"x\",\"prompt\":\"a\"}\n{\"id\":\"x\",\"prompt\":\"b\"}\n", "\"x\" occurs twice"),
    ("", "holds no prompt"), ("{\"prompt\":\"only one\"}\n", "prompts.held_out_share"),
  ])
  func `prompts that cannot be used are named`(prompts: String, reason: String) throws {
    try withRecipe(Self.small, prompts: prompts) { path in
      let recipe = try load(path)
      let error = #expect(throws: OperationsError.self) {
        try RecipeLoader(environment: [:]).prompts(of: recipe, recipePath: path)
      }
      let text = try #require(error).description
      #expect(text.contains(reason), "\(text)")
    }
  }

  @Test func `the seed alone chooses what is held out`() throws {
    let prompts = "{\"prompt\":\"q\"}\n".split(separator: "\n").flatMap { line in
      (0..<40).map { line.replacing("q", with: "q\($0)") + "\n" }
    }.joined()
    try withRecipe(Self.small, prompts: prompts) { path in
      let all = try PromptFile.read(path: path.replacing("recipe.yaml", with: "prompts.jsonl"))
      let first = PromptSplit(all, heldOutShare: 0.25, seed: 1)
      #expect(first == PromptSplit(all, heldOutShare: 0.25, seed: 1))
      #expect(first != PromptSplit(all, heldOutShare: 0.25, seed: 2))
      #expect(first.heldOut.count == 10)
      #expect(Set(first.heldOut.map(\.id)).isDisjoint(with: first.training.map(\.id)))
      #expect(first.heldOut.count + first.training.count == 40)
    }
  }

  @Test func `the default recipe can be read and holds out enough answers`() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("compose/config/recipes/default.yaml").path
    let loader = RecipeLoader(environment: [:])
    let recipe = try loader.load(path: path)
    let split = try loader.prompts(of: recipe, recipePath: path)
    #expect(recipe.principles.count >= 4)
    #expect(split.heldOut.count * recipe.evaluation.samplesPerPrompt >= 128)
  }

  @Test func `settings of a command line have the names of a recipe`() throws {
    let settings = try SettingList(["steps=12", "learning_rate=1e-3"]).policy()
    #expect(settings.steps == 12)
    #expect(settings.learningRate == 1e-3)
    #expect(try SettingList([]).preferences().epochs == 0)
    for wrong in ["steps", "=3", "stepz=3", "steps=-1"] {
      #expect(throws: OperationsError.self) { try SettingList([wrong]).policy() }
    }
  }
}
