import LanguageModels
import Tensors
import Testing

@Suite struct ForwardTests {
  @Test(arguments: sampleConfigurations)
  func `hidden states are those of the naive twin`(configuration: ModelConfiguration) {
    let model = LanguageModel(configuration: configuration, seed: 1)
    let adapter = sampleAdapter(model)
    let twin = ReferenceModel(model, adapter: adapter)
    let trunk = model.trunk(sampleBatch, layers: 1)
    let hidden = model.top(trunk, sampleBatch, from: 1, adapter: adapter).hidden
    for sequence in 0..<sampleBatch.sequenceCount {
      let expected = twin.finish(
        twin.layers(0..<3, twin.embed(sampleBatch.tokens(of: sequence)))
      ).flatMap { $0 }
      let found = hidden.rows(sampleBatch.range(of: sequence)).values
      #expect(relativeDistance(found, expected) < 2e-5)
    }
  }

  @Test(arguments: sampleConfigurations)
  func `chosen rows are the same as those among all rows`(configuration: ModelConfiguration) {
    let model = LanguageModel(configuration: configuration, seed: 2)
    let adapter = sampleAdapter(model)
    let rows = [0, 4, 6, 18, 19, 60]
    let all = model.hiddenStates(sampleBatch, adapter: adapter)
    let some = model.hiddenStates(sampleBatch, adapter: adapter, rows: rows)
    let expected = all.gatheringRows(rows).values.map(Double.init)
    #expect(relativeDistance(some.values, expected) < 1e-5)
  }

  @Test func `packing other sequences beside it does not change a sequence`() {
    let model = LanguageModel(configuration: .tiny, seed: 3)
    let alone = model.hiddenStates(PackedBatch([sampleBatch.tokens(of: 2)]))
    let together = model.hiddenStates(sampleBatch).rows(sampleBatch.range(of: 2))
    #expect(relativeDistance(together.values, alone.values.map(Double.init)) < 1e-5)
  }

  @Test func `a later token does not change an earlier hidden state`() {
    let model = LanguageModel(configuration: .tiny, seed: 3)
    let left = model.hiddenStates(PackedBatch([[1, 2, 3, 4]])).rows(0..<3)
    let right = model.hiddenStates(PackedBatch([[1, 2, 3, 40]])).rows(0..<3)
    #expect(relativeDistance(left.values, right.values.map(Double.init)) < 1e-6)
  }

  @Test func `an adapter whose B is zero changes nothing`() {
    let model = LanguageModel(configuration: .tiny, seed: 4)
    let adapter = LowRankAdapter(AdapterConfiguration(), model: model.configuration, seed: 1)
    #expect(
      model.hiddenStates(sampleBatch, adapter: adapter).values
        == model.hiddenStates(sampleBatch).values
    )
  }

  @Test(arguments: sampleConfigurations)
  func `merged weights act like the adapter beside them`(configuration: ModelConfiguration) {
    let model = LanguageModel(configuration: configuration, seed: 4)
    let adapter = sampleAdapter(model)
    var twin = ReferenceModel(model)
    for (name, matrix) in zip(
      model.weights(merging: adapter).names,
      model.weights(merging: adapter).matrices
    ) {
      twin.weights[name] = matrix.values.map(Double.init)
    }
    let tokens = sampleBatch.tokens(of: 2)
    let expected = twin.finish(twin.layers(0..<3, twin.embed(tokens))).flatMap { $0 }
    let found = model.hiddenStates(PackedBatch([tokens]), adapter: adapter).values
    #expect(relativeDistance(found, expected) < 2e-5)
  }

  @Test func `the same batch gives the same bits twice`() {
    let model = LanguageModel(configuration: .tiny, seed: 6)
    #expect(model.hiddenStates(sampleBatch).values == model.hiddenStates(sampleBatch).values)
  }

  @Test func `batches the model cannot read are refused by name`() {
    let configuration = ModelConfiguration.tiny
    #expect(throws: LanguageModelError.emptySequence(sequence: 1)) {
      try PackedBatch([[1], []]).check(for: configuration)
    }
    #expect(
      throws: LanguageModelError.tokenOutsideVocabulary(token: 50, sequence: 0, vocabularySize: 50)
    ) { try PackedBatch([[50]]).check(for: configuration) }
    #expect(
      throws: LanguageModelError.sequenceTooLong(sequence: 0, tokenCount: 129, contextLength: 128)
    ) { try PackedBatch([Array(repeating: 1, count: 129)]).check(for: configuration) }
  }

  @Test(arguments: sampleConfigurations, [1, 2])
  func `adapters that share an input have the bits of passes of their own`(
    configuration: ModelConfiguration,
    topLayers: Int
  ) {
    let model = LanguageModel(configuration: configuration, seed: 8)
    let adapters = [
      sampleAdapter(model, topLayers: topLayers),
      sampleAdapter(model, topLayers: topLayers, targets: [.q, .down]),
      sampleAdapter(model, topLayers: 1, targets: [.v]),
    ]
    let first = adapters[0].firstLayer
    let hidden = model.trunk(sampleBatch, layers: first)
    let rows = sampleBatch.lastRows
    let found = model.tops(hidden, sampleBatch, from: first, adapters: adapters, rows: rows)
    for (adapter, states) in zip(adapters, found) {
      let alone = model.top(hidden, sampleBatch, from: first, adapter: adapter, rows: rows)
      #expect(states == alone.hidden)
    }
  }
}
