/// The version that `--version` prints.
package enum ProjectVersion {
  /// Major, minor and patch.
  package static let text = "0.1.0"
}
