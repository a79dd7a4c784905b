import LanguageModels
import Tensors
import Testing

@Suite struct WorkProfileTests {
  private static let model = LanguageModel(configuration: .tiny, seed: 3)
  private static let batch = PackedBatch([[1, 2, 3, 4, 5], [6, 7]])

  @Test func `each kind of work has its operations`() {
    let profile = WorkProfile()
    WorkProfile.$current.withValue(profile) {
      _ = Self.model.logProbabilities(
        Self.model.hiddenStates(Self.batch),
        targets: Array(Self.batch.tokens)
      )
    }
    let found = profile.snapshot
    let shape = ModelConfiguration.tiny
    let perWeight = 2 * Self.batch.tokenCount * shape.layerCount
    let qkv = shape.queryWidth + 2 * shape.keyWidth
    #expect(found[.queryKeyValue]?.operations == perWeight * shape.width * qkv)
    #expect(found[.gateUp]?.operations == perWeight * shape.width * 2 * shape.feedForwardWidth)
    #expect(found[.down]?.operations == perWeight * shape.width * shape.feedForwardWidth)
    let head = 2 * Self.batch.tokenCount * shape.width * shape.vocabularySize
    #expect(found[.head]?.operations == head)
    // Sequences of 5 and 2 tokens see 15 and 3 keys.
    #expect(found[.attention]?.operations == 4 * shape.queryWidth * 18 * shape.layerCount)
    #expect(found[.weightGradient] == nil)
    #expect(found.values.allSatisfy { $0.seconds >= 0 && $0.count > 0 })
  }

  @Test func `a profile ends with its scope and changes no result`() {
    let profile = WorkProfile()
    let measured = WorkProfile.$current.withValue(profile) {
      Self.model.hiddenStates(Self.batch)
    }
    let before = profile.snapshot
    #expect(Self.model.hiddenStates(Self.batch) == measured)
    #expect(profile.snapshot == before)
  }

  @Test func `weight gradients cost what the forward products cost`() {
    let profile = WorkProfile()
    var tuning = FullFineTuning(Self.model, optimiser: AdamW.Configuration())
    WorkProfile.$current.withValue(profile) {
      tuning.accumulate(Self.batch) { _, hidden, _ in hidden }
      _ = tuning.update(learningRate: 0.01)
    }
    let found = profile.snapshot
    let maps: [WorkKind] = [.queryKeyValue, .output, .gateUp, .down]
    // Forward and the input's gradient: twice the products that make one gradient of the weights.
    let products = maps.reduce(0) { $0 + (found[$1]?.operations ?? 0) }
    #expect(products == 2 * (found[.weightGradient]?.operations ?? 0))
    #expect(found[.optimiser]?.count == 2)
  }
}
