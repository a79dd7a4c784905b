import LanguageModels
import Tensors
import Testing

/// Batches that hold common beginnings once must compute what separate sequences do.
@Suite struct SharedPrefixTests {
  /// Answers to three prompts, one of which shares its first two tokens with the next.
  static let sequences: [[Int32]] = [
    [1, 2, 3, 4, 10, 11, 12],
    [1, 2, 3, 4, 10, 7],
    [1, 2, 3, 4, 5, 6, 7, 8],
    [1, 2, 9, 9, 9, 3, 4],
    [1, 2, 9, 9, 9, 5],
    [6],
    [8, 7, 6, 5],
    [8, 7, 6, 5],
  ]
  /// Where the answers begin.
  static let starts = [4, 4, 4, 5, 5, 1, 2, 2]

  @Test func `neighbours with a common beginning hold it once`() {
    let batch = PackedBatch(sharingPrefixesOf: Self.sequences)
    #expect(batch.groups.map(\.branches.count) == [3, 2, 1, 2])
    #expect(batch.groups.map(\.prefix.count) == [4, 5, 0, 3])
    #expect(batch.tokenCount == 4 + 3 + 2 + 4 + 5 + 2 + 1 + 1 + 3 + 1 + 1)
    #expect((0..<batch.sequenceCount).map { batch.tokens(of: $0) } == Self.sequences)
    #expect(batch.lastRows.map { batch.tokens[$0] } == Self.sequences.map { $0.last })
  }

  @Test func `the row that predicts an answer's first token stays the sequence's own`() {
    let batch = PackedBatch(sharingPrefixesOf: Self.sequences, starts: Self.starts)
    let plain = PackedBatch(Self.sequences)
    let (rows, targets) = batch.predictingRows(starts: Self.starts)
    let expected = plain.predictingRows(starts: Self.starts)
    #expect(targets == expected.targets)
    #expect(rows.map { batch.tokens[$0] } == expected.rows.map { plain.tokens[$0] })
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func `a sequence with nothing in common shares nothing`() {
    let batch = PackedBatch(sharingPrefixesOf: [[1, 2, 3], [4, 5], [6, 2, 3]])
    #expect(batch == PackedBatch([[1, 2, 3], [4, 5], [6, 2, 3]]))
  }

  @Test func `an empty sequence is still refused by name`() {
    let batch = PackedBatch(sharingPrefixesOf: [[1, 2], []])
    #expect(throws: LanguageModelError.emptySequence(sequence: 1)) {
      try batch.check(for: .tiny)
    }
  }

  @Test(arguments: sampleConfigurations)
  func `hidden states are those of the sequences apart`(configuration: ModelConfiguration) {
    let model = LanguageModel(configuration: configuration, seed: 5)
    let adapter = sampleAdapter(model)
    let batch = PackedBatch(sharingPrefixesOf: Self.sequences)
    let found = batch.streams(model.hiddenStates(batch, adapter: adapter))
    for (sequence, whole) in zip(Self.sequences, found) {
      let alone = model.hiddenStates(PackedBatch([sequence]), adapter: adapter)
      #expect(distance(whole, alone) < 2e-5)
    }
  }

  @Test func `streams taken apart and joined are the same stream`() {
    let model = LanguageModel(configuration: .tiny, seed: 5)
    let batch = PackedBatch(sharingPrefixesOf: Self.sequences)
    let stream = model.trunk(batch, layers: 1)
    #expect(batch.joining(batch.streams(stream)) == stream)
  }

  @Test(arguments: sampleConfigurations, [true, false])
  func `gradients are those of the sequences apart`(
    configuration: ModelConfiguration,
    wantsInput: Bool
  ) {
    let model = LanguageModel(configuration: configuration, seed: 7)
    let adapter = sampleAdapter(model)
    let plain = PackedBatch(Self.sequences)
    let shared = PackedBatch(sharingPrefixesOf: Self.sequences, starts: Self.starts)
    func gradients(_ batch: PackedBatch) -> (TopGradients, Matrix) {
      let (rows, _) = batch.predictingRows(starts: Self.starts)
      let pass = model.top(
        model.trunk(batch, layers: adapter.firstLayer),
        batch,
        from: adapter.firstLayer,
        adapter: adapter,
        rows: rows,
        record: true
      )
      var slope = Matrix(rows: rows.count, columns: pass.hidden.columns)
      slope.withMutableValues { values in
        for index in values.indices { values[index] = Float((index * 7) % 11) / 11 - 0.5 }
      }
      return (model.topBackward(pass, gradient: slope, wantsInput: wantsInput), pass.hidden)
    }
    let (expected, hidden) = gradients(plain)
    let (found, sharedHidden) = gradients(shared)
    #expect(distance(sharedHidden, hidden) < 2e-5)
    for (a, b) in zip(expected.adapter.matrices, found.adapter.matrices) {
      #expect(distance(b, a) < 1e-4)
    }
    guard wantsInput, let whole = expected.input, let input = found.input else { return }
    // A shared row gathers what reaches all its copies: sums over rows must agree.
    #expect(relativeDistance(columnSums(input).map { Float($0) }, columnSums(whole)) < 1e-4)
  }

  private func distance(_ found: Matrix, _ expected: Matrix) -> Double {
    #expect(found.rows == expected.rows)
    return relativeDistance(found.values, expected.values.map(Double.init))
  }

  private func columnSums(_ matrix: Matrix) -> [Double] {
    let values = matrix.values
    return (0..<matrix.columns).map { column in
      (0..<matrix.rows).reduce(0) { $0 + Double(values[$1 * matrix.columns + column]) }
    }
  }
}
