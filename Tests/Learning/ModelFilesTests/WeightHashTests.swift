import ModelFiles
import Testing

@Suite struct WeightHashTests {
  @Test func `names, shapes and values of tensors all count, their order does not`() {
    let first = NamedTensor(name: "a", shape: [2], values: [1, 2])
    let second = NamedTensor(name: "b", shape: [1, 2], values: [1, 2])
    let hash = WeightHash.sha256(of: [first, second])
    #expect(WeightHash.sha256(of: [second, first]) == hash)
    var others: [NamedTensor] = [first, first, first]
    others[0].name = "c"
    others[1].shape = [2, 1]
    others[2].values[1] = 2.0000002
    for other in others { #expect(WeightHash.sha256(of: [other, second]) != hash) }
  }
}
