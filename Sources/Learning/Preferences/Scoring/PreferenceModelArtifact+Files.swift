internal import Foundation
package import LanguageModels
internal import ModelFiles
internal import Tensors

extension PreferenceModelArtifact {
  /// The file beside PEFT's two that holds what PEFT has no place for.
  package static let documentName = "preference_model.json"

  /// What the document holds.
  private struct Document: Codable {
    var principle: String
    var weightHash: String
    var layerCount: Int
    var normaliser: ScoreNormaliser
    var provenance: PreferenceProvenance
  }

  /// Writes a folder that PEFT opens as a sequence classifier with one label.
  ///
  /// Each file is replaced atomically and the document comes last, so a folder that has it is whole.
  ///
  /// - Throws: `PreferenceError.damagedArtifact` when the system refuses.
  package func write(to folder: String, model: ModelConfiguration) throws(PreferenceError) {
    let configuration = adapter.configuration
    let stored = StoredAdapter(
      description: AdapterDescription(
        task: .sequenceClassification,
        rank: configuration.rank,
        alpha: configuration.alpha,
        targetModules: configuration.targets.map { $0.targetName(model) },
        layers: Array(adapter.firstLayer..<model.layerCount),
        fanInFanOut: model.family.transposesMaps,
        baseModel: provenance.baseModel
      ),
      tensors: Self.tensors(adapter, head)
    )
    let document = Document(
      principle: principle,
      weightHash: weightHash,
      layerCount: model.layerCount - adapter.firstLayer,
      normaliser: normaliser,
      provenance: provenance
    )
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try stored.write(to: folder)
      let data = try encoder.encode(document)
      let path = folder + "/" + Self.documentName
      try AtomicFile.write(String(decoding: data, as: UTF8.self) + "\n", to: path)
    } catch {
      throw .damagedArtifact(file: folder, detail: "\(error)")
    }
  }

  /// Reads a folder that `write` made and checks that its weights are the ones it names.
  ///
  /// - Throws: `PreferenceError.damagedArtifact` or `incompatibleArtifact`.
  package static func read(
    from folder: String,
    model: ModelConfiguration
  ) throws(PreferenceError) -> PreferenceModelArtifact {
    let path = folder + "/" + documentName
    let document: Document
    let stored: StoredAdapter
    do {
      document = try JSONDecoder().decode(
        Document.self,
        from: Data(contentsOf: URL(fileURLWithPath: path))
      )
      stored = try StoredAdapter.read(from: folder)
    } catch {
      throw .damagedArtifact(file: folder, detail: "\(error)")
    }
    let configuration = AdapterConfiguration(
      rank: stored.description.rank,
      alpha: stored.description.alpha,
      topLayers: document.layerCount,
      targets: LowRankAdapter.targets(named: stored.tensors.map(\.name), model)
    )
    let (adapterSet, headSet) = parameterSets(stored, width: model.width)
    let artifact: PreferenceModelArtifact
    do {
      artifact = PreferenceModelArtifact(
        principle: document.principle,
        adapter: try LowRankAdapter(configuration, model: model, parameters: adapterSet),
        head: try ScalarHead(width: model.width, parameters: headSet),
        normaliser: document.normaliser,
        provenance: document.provenance
      )
    } catch {
      throw .damagedArtifact(file: folder, detail: "\(error)")
    }
    guard artifact.weightHash == document.weightHash else {
      throw .incompatibleArtifact(
        field: "weight hash",
        found: artifact.weightHash,
        expected: document.weightHash
      )
    }
    return artifact
  }

  private static func parameterSets(
    _ stored: StoredAdapter,
    width: Int
  ) -> (adapter: ParameterSet, head: ParameterSet) {
    var adapter = ParameterSet()
    var head = ScalarHead(zeroWidth: width).parameters
    for tensor in stored.tensors where tensor.shape.count == 2 {
      let matrix = Matrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.values)
      if tensor.name == StoredAdapter.scoreName {
        head.set(ScalarHead.weightName, matrix)
      } else {
        adapter.set(tensor.name, matrix)
      }
    }
    return (adapter, head)
  }
}
