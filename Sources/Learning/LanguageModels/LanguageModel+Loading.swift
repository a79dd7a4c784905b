package import ModelFiles
package import Tensors

extension LanguageModel {
  /// Opens a GGUF file or a Hugging Face folder and builds its model.
  ///
  /// - Parameter path: the file or folder.
  /// - Returns: The model.
  /// - Throws: `LanguageModelError.file` when it cannot be read.
  package static func load(path: String) throws(LanguageModelError) -> LanguageModel {
    let stored: StoredModel
    do {
      stored = try StoredModel.open(path)
    } catch {
      throw .file(error)
    }
    return try load(stored)
  }

  /// Builds a model from opened files.
  ///
  /// - Throws: `LanguageModelError.file` when a tensor is missing or damaged.
  package static func load(_ stored: StoredModel) throws(LanguageModelError) -> LanguageModel {
    do {
      return try build(stored.metadata, stored.weights)
    } catch {
      throw .file(error)
    }
  }

  private static func build(
    _ metadata: ModelMetadata,
    _ weights: any WeightSource
  ) throws(ModelFileError) -> LanguageModel {
    let hasBias = weights.shape(of: "model.layers.0." + DecoderLayer.biasNames[0]) != nil
    let configuration = ModelConfiguration(metadata, hasAttentionBias: hasBias)
    let (vocabulary, width) = (configuration.vocabularySize, configuration.width)
    var layers: [DecoderLayer] = []
    for index in 0..<configuration.layerCount {
      layers.append(try layer(index, configuration, weights))
    }
    return LanguageModel(
      configuration: configuration,
      embedding: try matrix("model.embed_tokens.weight", vocabulary, width, weights),
      layers: layers,
      finalNorm: try matrix("model.norm.weight", 1, width, weights),
      untiedHead: configuration.tiesEmbeddings
        ? nil : try matrix("lm_head.weight", vocabulary, width, weights)
    )
  }

  private static func layer(
    _ index: Int,
    _ configuration: ModelConfiguration,
    _ weights: any WeightSource
  ) throws(ModelFileError) -> DecoderLayer {
    var layer = DecoderLayer(zerosFor: configuration)
    let prefix = "model.layers.\(index)."
    for part in DecoderLayer.parts(configuration) {
      let columns = layer[keyPath: part.weights].columns
      let start = part.rows.lowerBound * columns
      try read(
        prefix + part.name,
        weights,
        into: &layer[keyPath: part.weights],
        at: start..<start + part.rows.count * columns
      )
    }
    if var bias = layer.queryKeyValueBias {
      let (q, k) = (configuration.queryWidth, configuration.keyWidth)
      for (name, range) in zip(DecoderLayer.biasNames, [0..<q, q..<q + k, q + k..<q + 2 * k]) {
        try read(prefix + name, weights, into: &bias, at: range)
      }
      layer.queryKeyValueBias = bias
    }
    return layer
  }

  private static func matrix(
    _ name: String,
    _ rows: Int,
    _ columns: Int,
    _ weights: any WeightSource
  ) throws(ModelFileError) -> Matrix {
    var matrix = Matrix(rows: rows, columns: columns)
    try read(name, weights, into: &matrix, at: 0..<rows * columns)
    return matrix
  }

  private static func read(
    _ name: String,
    _ weights: any WeightSource,
    into matrix: inout Matrix,
    at range: Range<Int>
  ) throws(ModelFileError) {
    let count = try weights.elementCount(of: name)
    guard count == range.count else {
      throw .badTensor(
        file: weights.file,
        tensor: name,
        detail: "it has \(count) numbers, but the configuration asks for \(range.count)"
      )
    }
    try matrix.withMutableValues { (values) throws(ModelFileError) in
      var span = UnsafeMutableBufferPointer(rebasing: values[range]).mutableSpan
      try weights.read(name, into: &span)
    }
  }
}

extension LanguageModel {
  /// Makes a model of random weights, for tests: normal with deviation `1 / sqrt(input)`.
  package convenience init(configuration: ModelConfiguration, seed: UInt64) {
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
    let norm = { (generator: inout SeededGenerator) -> Matrix in
      .uniform(rows: 1, columns: width, bound: 0.3, using: &generator).adding(1)
    }
    var layers: [DecoderLayer] = []
    for _ in 0..<configuration.layerCount {
      var layer = DecoderLayer(zerosFor: configuration)
      layer.inputNorm = norm(&generator)
      layer.queryKeyValue = random(layer.queryKeyValue, &generator)
      layer.queryKeyValueBias = layer.queryKeyValueBias.map { random($0, &generator) }
      layer.output = random(layer.output, &generator)
      layer.feedForwardNorm = norm(&generator)
      layer.gateUp = random(layer.gateUp, &generator)
      layer.down = random(layer.down, &generator)
      layers.append(layer)
    }
    let table = Matrix(rows: configuration.vocabularySize, columns: width)
    self.init(
      configuration: configuration,
      embedding: random(table, &generator),
      layers: layers,
      finalNorm: norm(&generator),
      untiedHead: configuration.tiesEmbeddings ? nil : random(table, &generator)
    )
  }

  /// All weights under Hugging Face names, with an adapter's products added where given.
  package func weights(merging adapter: LowRankAdapter? = nil) -> ParameterSet {
    var result = ParameterSet()
    result.set("model.embed_tokens.weight", embedding)
    for (index, base) in layers.enumerated() {
      let layer = adapter.map { base.merging($0, layer: index, configuration) } ?? base
      for (name, matrix) in layer.named("model.layers.\(index).", configuration) {
        result.set(name, matrix)
      }
    }
    result.set("model.norm.weight", finalNorm)
    if let untiedHead { result.set("lm_head.weight", untiedHead) }
    return result
  }
}

extension Matrix {
  /// This matrix with `value` added to every element.
  fileprivate func adding(_ value: Float) -> Matrix {
    var result = self
    result.withMutableValues { values in
      for index in values.indices { values[index] += value }
    }
    return result
  }
}
