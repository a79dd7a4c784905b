/// Which linear maps a low-rank adapter extends, and how.
package struct AdapterConfiguration: Sendable, Equatable {
  /// The rank of each extension.
  package var rank: Int
  /// PEFT's alpha: an extension is scaled by `alpha / rank`.
  package var alpha: Double
  /// How many layers, counted from the top, are extended; `nil` for all.
  package var topLayers: Int?
  /// The linear maps extended in each of those layers.
  package var targets: Set<Projection>

  /// Makes a configuration; the default extends everything in the top six layers.
  package init(
    rank: Int = 16,
    alpha: Double = 32,
    topLayers: Int? = 6,
    targets: Set<Projection> = Set(Projection.allCases)
  ) {
    self.rank = rank
    self.alpha = alpha
    self.topLayers = topLayers
    self.targets = targets
  }

  /// The factor of an extension.
  package var scaling: Float { Float(alpha / Double(max(rank, 1))) }

  /// The lowest extended layer of a model with `layerCount` layers.
  package func firstLayer(of layerCount: Int) -> Int {
    max(0, layerCount - max(0, topLayers ?? layerCount))
  }
}
