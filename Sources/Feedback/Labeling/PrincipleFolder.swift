internal import Foundation
internal import Yams

/// Reads and writes principle files: a folder of `*.yaml`, one principle each.
package enum PrincipleFolder {
  /// Longest accepted principle file, in bytes.
  static let byteCountMax = 64 * 1024

  /// Reads every `*.yaml` and `*.yml` file of a folder, sorted by principle id.
  ///
  /// - Throws: `LabelingError.principleFile` naming the file and field at fault, also when two files
  ///   define one id or the folder holds none.
  package static func load(directory: String) throws(LabelingError) -> [Principle] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    } catch {
      throw .principleFile(
        file: directory,
        reason: "the folder cannot be read; check the path and its permissions"
      )
    }
    var fileOfID: [String: String] = [:]
    var principles: [Principle] = []
    for name in names where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
      let file = directory + "/" + name
      let principle = try load(file: file)
      if let earlier = fileOfID.updateValue(file, forKey: principle.id) {
        throw .principleFile(
          file: file,
          reason: "id \(principle.id) is already defined in \(earlier); rename one"
        )
      }
      principles.append(principle)
    }
    if principles.isEmpty {
      throw .principleFile(file: directory, reason: "the folder holds no .yaml file; add one")
    }
    return principles.sorted { $0.id < $1.id }
  }

  /// Reads one principle file.
  package static func load(file: String) throws(LabelingError) -> Principle {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw .principleFile(file: file, reason: "the file cannot be read")
    }
    guard data.count <= byteCountMax else {
      throw .principleFile(file: file, reason: "the file has more than \(byteCountMax) bytes")
    }
    guard let yaml = String(validating: data, as: UTF8.self) else {
      throw .principleFile(file: file, reason: "the file is not UTF-8 text")
    }
    return try parse(yaml, file: file)
  }

  /// Parses the text of one principle file; `file` only names it in errors.
  package static func parse(_ yaml: String, file: String) throws(LabelingError) -> Principle {
    let node: Node?
    do {
      node = try Yams.compose(yaml: yaml)
    } catch {
      throw .principleFile(file: file, reason: "not YAML: \(error)")
    }
    guard let mapping = node?.mapping else {
      throw .principleFile(file: file, reason: "expected the fields id, text and negative_text")
    }
    let known = ["id", "text", "negative_text"]
    var fields: [String: String] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard known.contains(name) else {
        throw .principleFile(
          file: file,
          reason: "unknown field \"\(name)\"; known are \(known.joined(separator: ", "))"
        )
      }
      guard let text = value.scalar?.string else {
        throw .principleFile(file: file, reason: "field \(name) is not text")
      }
      fields[name] = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    if let missing = known.first(where: { fields[$0] == nil }) {
      throw .principleFile(file: file, reason: "field \(missing) is missing; add it")
    }
    let principle = Principle(
      id: fields["id"] ?? "",
      text: fields["text"] ?? "",
      negativeText: fields["negative_text"] ?? ""
    )
    if let defect = principle.defect { throw .principleFile(file: file, reason: defect) }
    return principle
  }

  /// Writes a principle as `ID.yaml` into a folder, replacing the file at once or not at all.
  package static func save(_ principle: Principle, directory: String) throws(LabelingError) {
    let file = directory + "/" + principle.id + ".yaml"
    if let defect = principle.defect { throw .principleFile(file: file, reason: defect) }
    do {
      let fields: [(Node, Node)] = [
        (Node("id"), Node(principle.id)), (Node("text"), Node(principle.text)),
        (Node("negative_text"), Node(principle.negativeText)),
      ]
      let yaml = try Yams.serialize(node: Node(fields), width: -1, allowUnicode: true)
      try Data(yaml.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    } catch {
      throw .principleFile(file: file, reason: "cannot be written: \(error)")
    }
  }
}
