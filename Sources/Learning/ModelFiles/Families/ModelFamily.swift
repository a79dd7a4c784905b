internal import JSON

/// A family of models: what its checkpoints look like and which traits its decoder has.
///
/// Each family is one file beside this one; the arithmetic is shared and follows `DecoderTraits`.
package struct ModelFamily: Sendable {
  /// The name, which is the `model_type` of a `config.json`.
  package let name: String
  /// The class that `transformers` makes of it.
  let architecture: String
  /// The names of the tensors in Hugging Face checkpoints.
  package let names: TensorNames
  /// The architecture's name in GGUF files and the names of the tensors there, where it is read.
  let gguf: (architecture: String, names: TensorNames)?
  /// Whether checkpoints keep queries, keys and values in one map.
  package var fusesQueryKeyValue = false
  /// Whether checkpoints keep linear maps as (inputs, outputs).
  package var transposesMaps = false
  /// What is added to the weight of a norm where it is used.
  package var normOffset: Float = 0
  /// The beginning of names that some checkpoints of the family leave out.
  var omittedPrefix: String?
  /// Whether GGUF files interleave the rows of queries and keys.
  var interleavesHeadsInGGUF = false
  /// Reads a `config.json` of the family.
  let read: @Sendable (ConfigurationFields) throws(ModelFileError) -> ModelMetadata
  /// Reads the traits from the keys of a GGUF file of the family.
  var readTraits: @Sendable (GGUFKeys) throws(ModelFileError) -> DecoderTraits = {
    _ throws(ModelFileError) in DecoderTraits()
  }
  /// The members of a `config.json` that say the sizes and traits of a model.
  let members: @Sendable (ModelMetadata) -> [JSONMember]

  /// All families that are read.
  package static let all: [ModelFamily] = [.llama, .mistral, .qwen2, .qwen3, .gpt2, .gemma3]

  /// The names of all families, for messages.
  static var supportedNames: String { all.map(\.name).joined(separator: ", ") }

  /// The tensors of one layer of a model, in the order of the forward pass.
  package func layerTensors(_ traits: DecoderTraits) -> [LayerTensor] {
    traits.modules(fused: fusesQueryKeyValue).flatMap { module in
      traits.hasBias(module)
        ? [LayerTensor(module), LayerTensor(module, isBias: true)] : [LayerTensor(module)]
    }
  }
}

extension ModelFamily: Equatable {
  package static func == (left: ModelFamily, right: ModelFamily) -> Bool { left.name == right.name }
}

extension ModelFileError {
  /// The refusal of a model family that is not read.
  static func unsupportedArchitecture(
    _ name: String,
    file: String,
    supported: String = ModelFamily.supportedNames
  ) -> ModelFileError {
    .unsupported(
      file: file,
      detail: "the architecture \(name); supported architectures: \(supported)"
    )
  }
}
