internal import Foundation
internal import LanguageModels
internal import Logging
internal import Preferences
internal import RPC
internal import ServiceKit
internal import Synchronization
internal import Tensors

/// The preference models of the service: kept in `models/ADAPTER/PRINCIPLE`, each folder replaced as a
/// whole, and found again after a restart.
final class ModelShelf: Sendable {
  private struct Key: Hashable {
    let adapterID: String
    let principleID: String
  }

  private let folder: String
  private let model: ModelConfiguration
  private let models: Mutex<[Key: InstalledModel]>
  private static let noteName = "service.json"

  /// Reads every model of the folder; one that does not fit the base model is left out and logged.
  init(folder: String, base: LanguageModel, baseHash: String, logger: Logger) throws {
    self.folder = folder
    model = base.configuration
    try DurableFile.makeFolder(folder)
    var found: [Key: InstalledModel] = [:]
    try Self.repair(folder)
    for adapterID in try FolderListing.names(in: folder) {
      let adapterFolder = folder + "/" + adapterID
      for principleID in try FolderListing.names(in: adapterFolder) {
        let path = adapterFolder + "/" + principleID
        do {
          let installed = try Self.read(path, model: base.configuration)
          guard installed.artifact.provenance.baseModelHash == baseHash else {
            throw PreferenceError.incompatibleArtifact(
              field: "base model",
              found: installed.artifact.provenance.baseModel,
              expected: "the model that is served"
            )
          }
          let precision = installed.artifact.provenance.precision ?? .float32
          if precision != base.format.precision {
            logger.notice(
              "preference model was trained in another precision, so scores may differ a little",
              metadata: [
                "path": "\(path)", "trained": "\(precision.rawValue)",
                "served": "\(base.format.precision.rawValue)",
              ]
            )
          }
          found[Key(adapterID: adapterID, principleID: principleID)] = installed
        } catch {
          logger.warning(
            "preference model left out",
            metadata: ["path": "\(path)", "error": "\(error)"]
          )
        }
      }
    }
    models = Mutex(found)
  }

  /// All models, oldest first.
  var all: [InstalledModel] {
    models.withLock { $0.values.sorted { $0.note.sequence < $1.note.sequence } }
  }

  /// The models of some principles in the caller's order, or of all principles by name.
  ///
  /// An empty `adapterID` stands for the newest of each principle.
  func choose(
    _ principleIDs: [String],
    adapterID: String
  ) throws(RPCError) -> [InstalledModel] {
    var newest: [String: InstalledModel] = [:]
    for model in all where adapterID.isEmpty || model.note.adapterID == adapterID {
      newest[model.note.principleID] = model
    }
    let known = newest.keys.sorted()
    guard !known.isEmpty else {
      throw RPCError(
        code: adapterID.isEmpty ? .failedPrecondition : .notFound,
        message: adapterID.isEmpty
          ? "no preference model was trained yet; call Train first"
          : "no preference model has the adapter id '\(adapterID)'"
      )
    }
    var chosen: [InstalledModel] = []
    for id in principleIDs.isEmpty ? known : principleIDs {
      guard let model = newest[id] else {
        throw RPCError(
          code: .notFound,
          message: "principle '\(id)' has no preference model"
            + (adapterID.isEmpty ? "" : " with the adapter id '\(adapterID)'")
            + "; there are \(known.joined(separator: ", "))"
        )
      }
      chosen.append(model)
    }
    return chosen
  }

  /// The model of one adapter id and principle.
  func find(adapterID: String, principleID: String) -> InstalledModel? {
    models.withLock { $0[Key(adapterID: adapterID, principleID: principleID)] }
  }

  /// Folder of a model.
  func path(of model: InstalledModel) -> String {
    folder + "/" + model.note.adapterID + "/" + model.note.principleID
  }

  /// Keeps a model in place of the one of the same ids; durable when it returns.
  func install(
    _ artifact: PreferenceModelArtifact,
    adapterID: String,
    datasetID: String,
    fingerprint: String,
    now: Date = Date()
  ) throws -> InstalledModel {
    let note = ModelNote(
      adapterID: adapterID,
      principleID: artifact.principle,
      datasetID: datasetID,
      createdAt: Int64(now.timeIntervalSince1970),
      sequence: (all.last?.note.sequence ?? 0) + 1,
      fingerprint: fingerprint
    )
    let installed = InstalledModel(note: note, artifact: artifact)
    let temporary = folder + "/.new"
    try? FileManager.default.removeItem(atPath: temporary)
    try DurableFile.makeFolder(temporary)
    try artifact.write(to: temporary, model: model)
    try DurableFile.replace(temporary + "/" + Self.noteName, with: Self.encode(note))
    let target = path(of: installed)
    try DurableFile.makeFolder(folder + "/" + adapterID)
    if FileManager.default.fileExists(atPath: target) {
      let old = folder + "/.old"
      try? FileManager.default.removeItem(atPath: old)
      try DurableFile.moveFolder(target, to: old)
      try DurableFile.moveFolder(temporary, to: target)
      try? FileManager.default.removeItem(atPath: old)
    } else {
      try DurableFile.moveFolder(temporary, to: target)
    }
    let key = Key(adapterID: adapterID, principleID: artifact.principle)
    models.withLock { $0[key] = installed }
    return installed
  }

  /// Undoes an installation that a kill cut short: the model before it goes back to its place.
  private static func repair(_ folder: String) throws {
    let old = folder + "/.old"
    if let data = FileManager.default.contents(atPath: old + "/" + noteName) {
      let note = try JSONDecoder().decode(ModelNote.self, from: data)
      let target = folder + "/" + note.adapterID + "/" + note.principleID
      if !FileManager.default.fileExists(atPath: target) {
        try DurableFile.moveFolder(old, to: target)
      }
    }
    for name in [".old", ".new"] where FileManager.default.fileExists(atPath: folder + "/" + name) {
      try FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  private static func read(_ path: String, model: ModelConfiguration) throws -> InstalledModel {
    let file = path + "/" + noteName
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ServiceKitError.storage(path: file, reason: "is missing")
    }
    return InstalledModel(
      note: try JSONDecoder().decode(ModelNote.self, from: data),
      artifact: try PreferenceModelArtifact.read(from: path, model: model)
    )
  }

  private static func encode(_ note: ModelNote) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(note))
  }
}
