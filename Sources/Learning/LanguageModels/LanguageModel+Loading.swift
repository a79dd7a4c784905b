package import ModelFiles
package import Tensors

extension LanguageModel {
  /// Opens a GGUF file or a Hugging Face folder and builds its model.
  ///
  /// - Parameters:
  ///   - path: the file or folder.
  ///   - format: what the weights are kept in.
  /// - Returns: The model.
  /// - Throws: `LanguageModelError.file` when it cannot be read.
  package static func load(
    path: String,
    format: WeightFormat = WeightFormat()
  ) throws(LanguageModelError) -> LanguageModel {
    let stored: StoredModel
    do {
      stored = try StoredModel.open(path)
    } catch {
      throw .file(error)
    }
    return try load(stored, format: format)
  }

  /// Builds a model from opened files.
  ///
  /// - Throws: `LanguageModelError.file` when a tensor is missing or damaged.
  package static func load(
    _ stored: StoredModel,
    format: WeightFormat = WeightFormat()
  ) throws(LanguageModelError) -> LanguageModel {
    do {
      return try build(stored.metadata, stored.weights, format)
    } catch {
      throw .file(error)
    }
  }

  private static func build(
    _ metadata: ModelMetadata,
    _ weights: any WeightSource,
    _ format: WeightFormat
  ) throws(ModelFileError) -> LanguageModel {
    let configuration = ModelConfiguration(metadata)
    let (vocabulary, width) = (configuration.vocabularySize, configuration.width)
    let (names, traits) = (metadata.family.names, metadata.traits)
    // One layer at a time, so that little beyond the packed weights is ever in memory.
    var layers: [PackedLayer] = []
    for index in 0..<configuration.layerCount {
      let layer = try layer(index, configuration, weights)
      layers.append(PackedLayer(layer, configuration, format))
    }
    let table = { (name: String, rows: Int) throws(ModelFileError) in
      try matrix(name, rows, width, weights)
    }
    let packed = { (name: String) throws(ModelFileError) in
      PackedWeights(try table(name, vocabulary).tile, format)
    }
    return LanguageModel(
      configuration: configuration,
      format: format,
      embedding: try packed(names.embedding + ".weight"),
      positionEmbedding: traits.learnsPositions
        ? try table(names.positions + ".weight", configuration.contextLength) : nil,
      layers: layers,
      finalNorm: try table(names.finalNorm + ".weight", 1).adding(metadata.family.normOffset),
      finalNormBias: traits.norm == .layer ? try table(names.finalNorm + ".bias", 1) : nil,
      untiedHead: configuration.tiesEmbeddings ? nil : try packed(names.head + ".weight")
    )
  }

  private static func layer(
    _ index: Int,
    _ configuration: ModelConfiguration,
    _ weights: any WeightSource
  ) throws(ModelFileError) -> DecoderLayer {
    var layer = DecoderLayer(zerosFor: configuration)
    let family = configuration.family
    for part in LayerPart.all(configuration) {
      let name = family.names.layer(index, part.tensor)
      try check(name, weights, count: part.outputs.count * part.inputs)
      try layer.set(part, transposed: family.transposesMaps) { (span) throws(ModelFileError) in
        try weights.read(name, into: &span)
      }
      if part.tensor.module.isNorm && !part.tensor.isBias {
        layer[part.slot] = layer[part.slot]?.adding(family.normOffset)
      }
    }
    return layer
  }

  private static func matrix(
    _ name: String,
    _ rows: Int,
    _ columns: Int,
    _ weights: any WeightSource
  ) throws(ModelFileError) -> Matrix {
    try check(name, weights, count: rows * columns)
    var matrix = Matrix(rows: rows, columns: columns)
    try matrix.withMutableSpan { (span) throws(ModelFileError) in
      try weights.read(name, into: &span)
    }
    return matrix
  }

  private static func check(
    _ name: String,
    _ weights: any WeightSource,
    count expected: Int
  ) throws(ModelFileError) {
    let count = try weights.elementCount(of: name)
    guard count == expected else {
      throw .badTensor(
        file: weights.file,
        tensor: name,
        detail: "it has \(count) numbers, but the configuration asks for \(expected)"
      )
    }
  }
}

extension LanguageModel {
  /// Makes a model of random weights, for tests: normal with deviation `1 / sqrt(input)`.
  package convenience init(
    configuration: ModelConfiguration,
    seed: UInt64,
    format: WeightFormat = WeightFormat()
  ) {
    var generator = SeededGenerator(seed: seed, stream: 0x6D6F_6465_6C)
    let width = configuration.width
    let random = { (matrix: Matrix, generator: inout SeededGenerator) -> Matrix in
      .normal(
        rows: matrix.rows,
        columns: matrix.columns,
        deviation: 1 / Double(matrix.columns).squareRoot(),
        using: &generator
      )
    }
    let norm = { (columns: Int, generator: inout SeededGenerator) -> Matrix in
      .uniform(rows: 1, columns: columns, bound: 0.3, using: &generator).adding(1)
    }
    var layers: [PackedLayer] = []
    for _ in 0..<configuration.layerCount {
      var layer = DecoderLayer(zerosFor: configuration)
      for slot in LayerSlot.allCases {
        guard let matrix = layer[slot] else { continue }
        layer[slot] =
          slot.isNorm ? norm(matrix.columns, &generator) : random(matrix, &generator)
      }
      layers.append(PackedLayer(layer, configuration, format))
    }
    let traits = configuration.traits
    let table = { (generator: inout SeededGenerator) -> PackedWeights in
      let zeros = Matrix(rows: configuration.vocabularySize, columns: width)
      return PackedWeights(random(zeros, &generator).tile, format)
    }
    let positions = Matrix(rows: configuration.contextLength, columns: width)
    self.init(
      configuration: configuration,
      format: format,
      embedding: table(&generator),
      positionEmbedding: traits.learnsPositions ? random(positions, &generator) : nil,
      layers: layers,
      finalNorm: norm(width, &generator),
      finalNormBias: traits.norm == .layer
        ? random(Matrix(rows: 1, columns: width), &generator) : nil,
      untiedHead: configuration.tiesEmbeddings ? nil : table(&generator)
    )
  }

  /// All weights under Hugging Face names, with an adapter's products added where given.
  ///
  /// Maps, embeddings and head are as rounded as the model keeps them: load it in float32 to write it.
  package func weights(merging adapter: LowRankAdapter? = nil) -> ParameterSet {
    let names = configuration.family.names
    var result = ParameterSet()
    result.set(names.embedding + ".weight", embedding.unpacked())
    if let positionEmbedding { result.set(names.positions + ".weight", positionEmbedding) }
    for (index, packed) in layers.enumerated() {
      let base = packed.unpacked()
      let layer = adapter.map { base.merging($0, layer: index, configuration) } ?? base
      for (name, matrix) in layer.named(index, configuration) { result.set(name, matrix) }
    }
    let offset = configuration.family.normOffset
    result.set(names.finalNorm + ".weight", finalNorm.adding(-offset))
    if let finalNormBias { result.set(names.finalNorm + ".bias", finalNormBias) }
    if let untiedHead { result.set(names.head + ".weight", untiedHead.unpacked()) }
    return result
  }
}
