internal import Foundation
internal import Yams

/// Reads a YAML configuration file into a typed value.
///
/// Variables are replaced first (`VariableExpansion`); unknown keys, wrong types and missing values are
/// refused with the file and the path of the key. `${CONFIGURATION_FOLDER}` is the folder of the file.
/// Relative paths in a configuration are relative to the working directory, as with any command.
package struct ConfigurationLoader: Sendable {
  private let environment: [String: String]

  /// Takes the environment that only an executable's main reads.
  package init(environment: [String: String]) {
    self.environment = environment
  }

  /// Loads the file at `path`.
  package func load<Configuration: Decodable>(
    _ type: Configuration.Type,
    from path: String
  ) throws(ServiceKitError) -> Configuration {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      var isFolder = ObjCBool(false)
      let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      let reason =
        isFolder.boolValue
        ? "is a folder; give a file in it"
        : isThere ? "cannot be read as UTF-8 text" : "there is no such file"
      throw .configuration(file: path, keyPath: "", reason: reason)
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return try parse(type, text: text, file: path, folder: folder)
  }

  /// Reads a configuration from text; `file` is what errors call it.
  package func parse<Configuration: Decodable>(
    _ type: Configuration.Type,
    text: String,
    file: String,
    folder: String = "."
  ) throws(ServiceKitError) -> Configuration {
    var variables = environment
    variables["CONFIGURATION_FOLDER"] = folder
    let expansion = VariableExpansion(variables: variables)
    do {
      guard let document = try Yams.compose(yaml: text) else {
        throw ServiceKitError.configuration(file: file, keyPath: "", reason: "is empty")
      }
      let expanded = try expand(document, path: [], with: expansion, file: file)
      return try YAMLDecoder().decode(type, from: expanded)
    } catch let error as ServiceKitError {
      throw error
    } catch let error as DecodingError {
      throw Self.refusal(error, file: file)
    } catch let error as YamlError {
      throw .configuration(file: file, keyPath: "", reason: Self.oneLine("\(error)"))
    } catch {
      throw .configuration(file: file, keyPath: "", reason: Self.oneLine("\(error)"))
    }
  }

  private func expand(
    _ node: Node,
    path: [String],
    with expansion: VariableExpansion,
    file: String
  ) throws(ServiceKitError) -> Node {
    switch node {
    case .scalar(var scalar):
      do {
        let expanded = try expansion.expand(scalar.string)
        if expanded != scalar.string {
          // Quotes around a variable do not make its value a text: a port stays a number.
          scalar = Node.Scalar(expanded)
        }
      } catch {
        throw .configuration(file: file, keyPath: Self.join(path), reason: error.reason)
      }
      return .scalar(scalar)
    case .sequence(var sequence):
      for index in sequence.indices {
        let inner = path + ["[\(index)]"]
        sequence[index] = try expand(sequence[index], path: inner, with: expansion, file: file)
      }
      return .sequence(sequence)
    case .mapping(var mapping):
      for (key, value) in mapping {
        let inner = path + [key.string ?? "?"]
        mapping[key] = try expand(value, path: inner, with: expansion, file: file)
      }
      return .mapping(mapping)
    case .alias:
      throw .configuration(
        file: file,
        keyPath: Self.join(path),
        reason: "YAML aliases are not used here"
      )
    }
  }

  private static func refusal(_ error: DecodingError, file: String) -> ServiceKitError {
    let context: DecodingError.Context
    var keys: [any CodingKey]
    var reason: String
    switch error {
    case .keyNotFound(let key, let found):
      (context, keys, reason) = (found, found.codingPath + [key], "is missing")
    case .valueNotFound(_, let found):
      (context, keys, reason) = (found, found.codingPath, "has no value")
    case .typeMismatch(let type, let found):
      (context, keys, reason) = (found, found.codingPath, "is not of the type \(type)")
    case .dataCorrupted(let found):
      (context, keys, reason) = (found, found.codingPath, found.debugDescription)
    @unknown default:
      return .configuration(file: file, keyPath: "", reason: "cannot be decoded")
    }
    if context.underlyingError is YamlError {
      reason = context.debugDescription
    }
    let path = keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
    return .configuration(file: file, keyPath: join(path), reason: oneLine(reason))
  }

  /// Writes `["judges", "[0]", "name"]` as `judges[0].name`.
  private static func join(_ path: [String]) -> String {
    path.reduce(into: "") { text, part in
      text += text.isEmpty || part.hasPrefix("[") ? part : "." + part
    }
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: "; ")
  }
}
