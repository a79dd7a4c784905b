/// The four services, in the order in which data first reaches them.
package enum ServiceName: String, Sendable, CaseIterable {
  case labeler
  case preferenceModel = "preference-model"
  case scalarizer
  case policyTrainer = "policy-trainer"

  /// The port that the service listens on unless told otherwise.
  package var defaultPort: Int {
    switch self {
    case .labeler: 7101
    case .preferenceModel: 7102
    case .scalarizer: 7103
    case .policyTrainer: 7104
    }
  }
}
