internal import Tensors

/// A low-rank adapter with the numbers it has at one moment, packed for products.
///
/// It stays in float32 and beside the weights it extends, whatever these are kept in: added to
/// bfloat16 weights, a step of training would mostly be rounded away.
struct PackedAdapter: Sendable {
  /// What was packed.
  let adapter: LowRankAdapter
  private let extensions: [Place: Extension]

  /// The extension of one part: `(x * reducing^T) * expanding^T`.
  struct Extension: Sendable {
    /// A: (rank, inputs).
    let reducing: PackedWeights
    /// `scaling * B`: (outputs, rank).
    let expanding: PackedWeights

    /// The width between the two.
    var rank: Int { reducing.outputs }

    /// Adds the extension to a part's output.
    ///
    /// - Parameters:
    ///   - input: (rows, inputs).
    ///   - output: gains the extension: (rows, outputs).
    ///   - reduced: set to what is between the two products: (rows, rank).
    func extend(_ input: Tile, into output: Tile, reduced: Tile) {
      reducing.multiply(input, into: reduced)
      expanding.multiply(reduced, into: output, accumulate: true)
    }
  }

  private struct Place: Hashable {
    let layer: Int
    let part: ExtendedPart
  }

  /// Packs an adapter of a model.
  init(_ adapter: LowRankAdapter, _ model: LanguageModel) {
    self.adapter = adapter
    let format = WeightFormat(.float32, level: model.format.level)
    let joint = ExtendedPart.joint(model.configuration)
    var extensions: [Place: Extension] = [:]
    for layer in min(adapter.firstLayer, model.layers.count)..<model.layers.count {
      for projection in adapter.configuration.targets {
        guard let position = adapter.position(layer: layer, projection: projection) else {
          continue
        }
        let a = PackedWeights(adapter.parameters.matrices[position].tile, format)
        var b = adapter.parameters.matrices[position + 1]
        b.scale(by: adapter.configuration.scaling)
        let parts =
          projection == .qkv ? [joint.queries, joint.others] : [ExtendedPart(projection)]
        for part in parts {
          let rows = part.outputs.map { b.tile.rows($0) } ?? b.tile
          extensions[Place(layer: layer, part: part)] = Extension(
            reducing: a,
            expanding: PackedWeights(rows, format)
          )
        }
      }
    }
    self.extensions = extensions
  }

  /// The extension of a part of a layer; `nil` where there is none.
  func callAsFunction(layer: Int, _ part: ExtendedPart) -> Extension? {
    extensions[Place(layer: layer, part: part)]
  }
}
