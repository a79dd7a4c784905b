package import Messages
internal import ServiceKit

/// Settings given as `name=value` on the command line, under the names of a recipe.
package struct SettingList: Sendable {
  private let yaml: String
  private let names: String

  /// Takes options `name=value`.
  package init(_ options: [String]) throws(OperationsError) {
    var lines: [String] = []
    for option in options {
      let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
        throw .input("--set '\(option)': give NAME=VALUE")
      }
      lines.append("\(parts[0]): \(parts[1])\n")
    }
    yaml = lines.isEmpty ? "{}" : lines.joined()
    names = "--set"
  }

  /// The settings of preference models.
  package func preferences() throws(OperationsError) -> PreferenceHyperparameters {
    try decode(PreferencesSection.self).message
  }

  /// The settings of the policy.
  package func policy() throws(OperationsError) -> PolicyHyperparameters {
    try decode(PolicySection.self).message
  }

  private func decode<Section: Decodable>(
    _ type: Section.Type
  ) throws(OperationsError) -> Section {
    do throws(ServiceKitError) {
      return try ConfigurationLoader(environment: [:]).parse(type, text: yaml, file: names)
    } catch {
      throw .input("\(error)")
    }
  }
}
